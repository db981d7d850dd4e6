import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { createMetrics } from '../metrics.ts'
import { healthRoutes } from './health.ts'
import type { HealthCheck } from './health.ts'

function setUp(checks: Record<string, HealthCheck>) {
  const clock = fakeClock()
  const metrics = createMetrics({ service: 'test' })
  return { clock, metrics, app: healthRoutes({ checks, metrics, clock }) }
}

test('a process lives even while everything it needs is away', async () => {
  const { app } = setUp({ postgres: () => Promise.reject(new Error('refused')) })
  expect((await app.request('/health')).status).toBe(200)
})

test('ready when every dependency answers', async () => {
  const { app } = setUp({ postgres: async () => undefined, nats: async () => undefined })
  const answer = await app.request('/ready')
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({
    status: 'ready',
    checks: { postgres: { ok: true }, nats: { ok: true } },
  })
})

test('not ready from the moment at which the process was asked to stop, without a question to anybody', async () => {
  const state = { stopping: false, asked: 0 }
  const app = healthRoutes({
    checks: { postgres: async () => void (state.asked += 1) },
    metrics: createMetrics({ service: 'test' }),
    stopping: () => state.stopping,
  })
  expect((await app.request('/ready')).status).toBe(200)
  state.stopping = true
  const answer = await app.request('/ready')
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({ status: 'stopping', checks: {} })
  expect(state.asked).toBe(1)
  expect((await app.request('/health')).status).toBe(200)
})

test('not ready while one dependency fails, and the answer says which and why, without secrets', async () => {
  const { app } = setUp({
    postgres: async () => {
      throw new Error('no route to postgres://sluice:hunter2@db:5432')
    },
    nats: () => Promise.reject(new AppError('unavailable', 'not connected')),
    redis: async () => undefined,
  })
  const answer = await app.request('/ready')
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({
    status: 'not ready',
    checks: {
      postgres: { ok: false, why: 'no route to postgres://sluice:[redacted]@db:5432' },
      nats: { ok: false, why: 'unavailable: not connected' },
      redis: { ok: true },
    },
  })
})

test('a dependency that hangs is given up after two seconds, and the others are asked meanwhile', async () => {
  const asked: string[] = []
  let aborted = false
  const { app, clock } = setUp({
    postgres: (signal) => {
      asked.push('postgres')
      signal.addEventListener('abort', () => (aborted = true))
      return new Promise(() => undefined)
    },
    nats: async () => void asked.push('nats'),
  })
  const answer = app.request('/ready')
  await clock.advance(0)
  expect(asked).toEqual(['postgres', 'nats'])
  await clock.advance(2_000)
  expect((await answer).status).toBe(503)
  expect(aborted).toBe(true)
})

test('however many probes ask at once, a dependency is asked once', async () => {
  let asked = 0
  const { app } = setUp({ postgres: async () => void (asked += 1) })
  await Promise.all([app.request('/ready'), app.request('/ready'), app.request('/ready')])
  expect(asked).toBe(1)
})

test('metrics are served in the format of Prometheus', async () => {
  const { app, metrics } = setUp({})
  metrics.counter({ name: 'sluice_test_total', help: 'Test.', labels: {} }).add({})
  const answer = await app.request('/metrics')
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(await answer.text()).toContain('sluice_test_total{service="test"} 1')
})
