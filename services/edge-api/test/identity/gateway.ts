import type { Billing } from '@sluice/contracts/billing.contract'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'

import type { FixtureOptions } from '../chat/fixture.ts'
import { createFixture } from '../chat/fixture.ts'

export const PASSWORD = 'correct horse battery'

const balance = { postedMicro: 7_000_000n, heldMicro: 2_000_000n, availableMicro: 5_000_000n }

export interface Answer {
  status: number
  headers: Headers
  /** Empty without a body. */
  body: Record<string, unknown>
}

/** A gateway with one admin, one user and a fake clock. */
export async function startGateway(options: Pick<FixtureOptions, 'config'> = {}) {
  const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
  const fixture = await createFixture({
    ...options,
    clock,
    override: ({ billing }) => {
      const readBalance: Billing['readBalance'] = async () => balance
      return { billing: { ...billing, readBalance } }
    },
  })
  const { identity } = fixture.edge
  const admin = await identity.createUser({
    email: 'root@b.test',
    role: 'admin',
    password: PASSWORD,
  })
  const user = await identity.createUser({ email: 'ada@b.test', role: 'user', password: PASSWORD })
  const send = async (
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const answer = await fetch(`${fixture.url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? {} : JSON.parse(text),
    }
  }
  const signIn = (
    email = 'ada@b.test',
    password = PASSWORD,
    headers: Record<string, string> = {},
  ) => send('POST', '/api/auth/login', { body: { email, password }, headers })
  const me = (headers: Record<string, string>) => send('GET', '/api/me', { headers })
  return { ...fixture, clock, identity, admin: admin.user, user: user.user, send, signIn, me }
}

/** Advances the fake clock until `work` has settled: delayed attempts wait for it. */
export async function inTime<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  const state = { over: false }
  const end = () => void (state.over = true)
  work.then(end, end)
  while (!state.over) {
    await clock.advance(50)
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
  return work
}

export type StartedGateway = Awaited<ReturnType<typeof startGateway>>

export const bearer = ({ body }: Answer) => ({
  authorization: `Bearer ${String(body['access_token'])}`,
})

/** The cookie as a browser sends it back. */
export function cookieOf({ headers }: Answer): Record<string, string> {
  const [pair = ''] = (headers.getSetCookie()[0] ?? '').split(';')
  return { cookie: pair }
}

export function errorOf({ body }: Answer): Record<string, unknown> {
  const { error } = body
  return typeof error === 'object' && error !== null ? { ...error } : {}
}

/** Narrows an answer of an array to a defined one. */
export function defined(answer: Answer | undefined): Answer {
  if (!answer) throw new Error('the answer is missing')
  return answer
}
