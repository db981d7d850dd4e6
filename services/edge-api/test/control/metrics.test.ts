import { AppError } from '@sluice/kernel/app-error'
import { createMetrics } from '@sluice/service-kit/metrics'
import { expect, it, onTestFinished } from 'vitest'

import { countRequests } from '../../src/control/count-requests.ts'
import { countSignIns } from '../../src/identity/count-sign-ins.ts'
import { bearer, inTime, startGateway } from '../identity/gateway.ts'

type Metrics = ReturnType<typeof createMetrics>

/** The non-zero lines of one metric, without its name and the service label. */
async function linesOf(metrics: Metrics, name: string): Promise<string[]> {
  const { body } = await metrics.render()
  return body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length).replace(',service="edge-api"', ''))
    .sort()
}

it('every request of the control API is counted with its status class, including refused ones', async () => {
  const { send, signIn, me, deps, close } = await startGateway()
  onTestFinished(close)
  const headers = bearer(await signIn())
  await me(headers)
  await me({})
  await send('GET', '/api/user/apikeys?limit=0', { headers })
  await send('GET', '/api/no-such-thing')
  expect(await linesOf(deps.metrics, 'sluice_edge_control_requests_total')).toEqual([
    '{operation="getMe",status="2xx"} 1',
    '{operation="getMe",status="4xx"} 1',
    '{operation="listApiKeys",status="4xx"} 1',
    '{operation="login",status="2xx"} 1',
  ])
})

it('a request without a known status is counted as 5xx', async () => {
  const metrics = createMetrics({ service: 'edge-api' })
  countRequests(metrics)('getMe', 0)
  expect(await linesOf(metrics, 'sluice_edge_control_requests_total')).toEqual([
    '{operation="getMe",status="5xx"} 1',
  ])
})

it('sign-ins are counted by outcome, which makes guessing visible', async () => {
  const { signIn, identity, user, deps, clock, close } = await startGateway()
  onTestFinished(close)
  await signIn()
  const guesses = Array.from({ length: 40 }, () => signIn('root@b.test', 'a wrong password'))
  await inTime(clock, Promise.all(guesses))
  await identity.ban({ userId: user.id, reason: 'spam', by: null })
  await signIn()
  expect(await linesOf(deps.metrics, 'sluice_edge_sign_ins_total')).toEqual([
    '{outcome="account_banned"} 1',
    '{outcome="ok"} 1',
    expect.stringMatching(/^\{outcome="too_many_attempts"\} [1-9]\d*$/),
    expect.stringMatching(/^\{outcome="wrong_credentials"\} [1-9]\d*$/),
  ])
})

it('a sign-in that failed internally is counted apart from wrong passwords', async () => {
  const { identity, close } = await startGateway()
  onTestFinished(close)
  const metrics = createMetrics({ service: 'edge-api' })
  const thrown = [new AppError('unavailable', 'The database is unavailable.'), new Error('a bug')]
  const signIn = async () => {
    throw thrown.shift()
  }
  const counted = countSignIns({ ...identity, signIn }, metrics)
  const input = { email: 'ada@b.test', password: 'x', address: '::1' }
  await expect(counted.signIn(input)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(counted.signIn(input)).rejects.toThrow('a bug')
  expect(await linesOf(metrics, 'sluice_edge_sign_ins_total')).toEqual([
    '{outcome="internal_error"} 1',
    '{outcome="unavailable"} 1',
  ])
})
