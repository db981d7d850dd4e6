import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import type { HandleFetch } from '@sveltejs/kit/hooks'

const ANSWER_WITHIN_MS = 30_000

/**
 * Sends what a `load` or a form action asks of `/api` or `/v1` to the gateway, in the person's name: with
 * their cookie, language and address (as the door has signed it). What the gateway sets as a cookie goes on to the browser.
 */
export const callGateway: HandleFetch = async ({ event, request, fetch }) => {
  const url = new URL(request.url)
  const { platform } = event
  const isGateway = /^\/(api|v1)\//.test(url.pathname)
  if (!platform || !isGateway || url.origin !== event.url.origin) return fetch(request)
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const target = new URL(`${url.pathname}${url.search}`, platform.apiUrl)
  const answer = await globalThis.fetch(target, {
    method: request.method,
    headers: headersOf({ event, request, target }),
    signal: AbortSignal.any([request.signal, late]),
    redirect: 'manual',
    ...(hasBody ? { body: await request.arrayBuffer() } : {}),
  })
  event.locals.setCookies.push(...answer.headers.getSetCookie())
  return answer
}

type Call = Pick<Parameters<HandleFetch>[0], 'event' | 'request'> & { target: URL }

const handedOn = ['cookie', 'accept-language', 'user-agent'] as const

function headersOf({ event, request, target }: Call): Headers {
  const headers = new Headers(request.headers)
  for (const name of handedOn) {
    const value = event.request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  headers.delete('authorization')
  const { callerStamp } = event.platform ?? {}
  if (callerStamp === undefined) headers.delete(CALLER_HEADER)
  else headers.set(CALLER_HEADER, callerStamp)
  // SvelteKit has seen that the form came from a page of this site; to the gateway it is we who ask.
  if (request.method !== 'GET') headers.set('origin', target.origin)
  return headers
}
