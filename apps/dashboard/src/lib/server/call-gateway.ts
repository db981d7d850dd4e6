import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import type { HandleFetch } from '@sveltejs/kit/hooks'

const ANSWER_WITHIN_MS = 30_000

/**
 * Forwards calls of a `load` or a form action to `/api` or `/v1` to the gateway, with the user's cookie, language
 * and address (as signed by the gateway). Cookies set by the gateway are passed to the browser.
 */
export const callGateway: HandleFetch = async ({ event, request, fetch }) => {
  const url = new URL(request.url)
  const { platform } = event
  const isGateway = /^\/(api|v1)\//.test(url.pathname)
  if (!platform || !isGateway || url.origin !== event.url.origin) return fetch(request)
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const body = hasBody ? { body: await request.arrayBuffer() } : {}
  const answer = await callFirstReachable(platform, (apiUrl) => {
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

/** Tries each gateway at most once; the next one only if no connection was made, so that no call runs twice. */
async function callFirstReachable(
  { apiUrls, gatewayFailed }: App.Platform,
  call: (apiUrl: string) => Promise<Response>,
): Promise<Response> {
  let last: unknown
  for (const apiUrl of apiUrls) {
    try {
      return await call(apiUrl)
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

const FORWARDED_HEADERS = ['cookie', 'accept-language', 'user-agent'] as const

function headersOf({ event, request, target }: Call): Headers {
  const headers = new Headers(request.headers)
  for (const name of FORWARDED_HEADERS) {
    const value = event.request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  headers.delete('authorization')
  const { callerStamp } = event.platform ?? {}
  if (callerStamp === undefined) headers.delete(CALLER_HEADER)
  else headers.set(CALLER_HEADER, callerStamp)
  // SvelteKit has verified the origin of the form; for the gateway the panel is the client.
  if (request.method !== 'GET') headers.set('origin', target.origin)
  return headers
}
