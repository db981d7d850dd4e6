import { request as httpRequest } from 'node:http'

import type { Billing } from '@sluice/contracts/billing.contract'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'

import { id } from './chat/ids.ts'
import type { FixtureOptions } from './chat/fixture.ts'
import { createFixture } from './chat/fixture.ts'

export const PASSWORD = 'correct horse battery'
export const ME = '/api/me'
export const KEYS = '/api/user/apikeys'
export const UNKNOWN = id('key', 4_095)

export const balance = { postedMicro: 0n, heldMicro: 0n, availableMicro: 0n }

/** A real gateway with a signed-in user, who has a bearer token and a cookie. */
export async function startGateway(
  readBalance: Billing['readBalance'] = async () => balance,
  options: Pick<FixtureOptions, 'config'> = {},
) {
  const fixture = await createFixture({
    ...options,
    clock: fakeClock(Date.UTC(2026, 10, 21, 9)),
    override: ({ billing }) => ({ billing: { ...billing, readBalance } }),
  })
  const { identity } = fixture.edge
  const email = 'ada@b.test'
  await identity.createUser({ email, role: 'user', password: PASSWORD })
  const { accessToken, setCookie } = await identity.signIn({
    email,
    password: PASSWORD,
    address: '::1',
  })
  const bearer = { authorization: `Bearer ${accessToken}` }
  const cookie = { cookie: setCookie.split(';')[0] ?? '' }
  const send = (method: string, path: string, options: SendOptions = {}) =>
    sendRequest({ port: fixture.port, method, path, ...options })
  return { ...fixture, bearer, cookie, send, origin: `http://127.0.0.1:${fixture.port}` }
}

interface SendOptions {
  headers?: Record<string, string>
  body?: unknown
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  error: { code?: string; param?: string | null; message?: string }
}

/** Uses Node's own client: fetch does not let a test set Origin, Host and Sec-Fetch-Site. */
function sendRequest({
  port,
  method,
  path,
  headers = {},
  body,
}: SendOptions & { port: number; method: string; path: string }): Promise<Answer> {
  const bytes = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const own = bytes === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      { port, host: '127.0.0.1', method, path, headers: { ...own, ...headers } },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => (text += chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const { statusCode: status = 0 } = answer
          resolve({ status, headers: answer.headers, text, error: errorIn(text) })
        })
      },
    )
    call.on('error', reject)
    call.end(bytes)
  })
}

function errorIn(text: string): Answer['error'] {
  if (!text.startsWith('{"error"')) return {}
  const { error } = JSON.parse(text) as { error: Answer['error'] }
  return error
}

export const errorOf = ({ status, error: { code, param } }: Answer) => ({ status, code, param })

export type GatewayContext = Awaited<ReturnType<typeof startGateway>>
