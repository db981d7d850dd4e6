import { ADMIN_EMAIL, PASSWORD } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'

/** The session cookie of a sign-in, as a browser sends it. */
export interface SignedIn {
  cookie: string
  /** The Set-Cookie header with its attributes. */
  setCookie: string
}

/** Signs the admin in and returns the session's cookie. */
export async function signInByCookie({ running }: Pick<Context, 'running'>): Promise<SignedIn> {
  const answer = await fetch(`${running.baseUrl}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: ADMIN_EMAIL, password: PASSWORD }),
  })
  if (!answer.ok) throw new Error(`login: ${answer.status} ${await answer.text()}`)
  const setCookie = answer.headers.getSetCookie().find((line) => line.includes('sluice_session='))
  if (setCookie === undefined) throw new Error('login set no session cookie')
  return { setCookie, cookie: setCookie.split(';')[0] ?? '' }
}

/** A request as a browser sends it; Node's fetch permits any Origin header. */
export function browse(
  { running }: Pick<Context, 'running'>,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  return fetch(`${running.baseUrl}${path}`, { redirect: 'manual', ...init })
}
