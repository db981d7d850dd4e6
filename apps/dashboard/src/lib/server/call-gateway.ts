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
  const body = hasBody ? { body: await request.arrayBuffer() } : {}
  const answer = await askInTurn(platform, (apiUrl) => {
    const target = new URL(`${url.pathname}${url.search}`, apiUrl)
    return globalThis.fetch(target, {
      method: request.method,
      headers: headersOf({ event, request, target }),
      signal: AbortSignal.any([request.signal, late]),
      redirect: 'manual',
      ...body,
    })
  })
  event.locals.setCookies.push(...answer.headers.getSetCookie())
  return answer
}

/** Asks each gateway once at most; the next one only when no connection was made, so that nothing is done twice. */
async function askInTurn(
  { apiUrls, gatewayFailed }: App.Platform,
  ask: (apiUrl: string) => Promise<Response>,
): Promise<Response> {
  let last: unknown
  for (const apiUrl of apiUrls) {
    try {
      return await ask(apiUrl)
    } catch (error) {
      if (!isUnconnected(error)) throw error
      gatewayFailed(apiUrl)
      last = error
    }
  }
  throw last
}

const unconnected: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

function isUnconnected(error: unknown): boolean {
  if (!(error instanceof Error) || !(error.cause instanceof Error)) return false
  return 'code' in error.cause && unconnected.has(error.cause.code)
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
