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

test('/health answers 200 while every dependency is unavailable', async () => {
  const { app } = setUp({ postgres: () => Promise.reject(new Error('refused')) })
  expect((await app.request('/health')).status).toBe(200)
})

test('/ready answers 200 when every dependency answers', async () => {
  const { app } = setUp({ postgres: async () => undefined, nats: async () => undefined })
  const answer = await app.request('/ready')
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({
    status: 'ready',
    checks: { postgres: { ok: true }, nats: { ok: true } },
  })
})

test('/ready answers 503 without checks once the process is stopping', async () => {
  const state = { stopping: false, checks: 0 }
  const app = healthRoutes({
    checks: { postgres: async () => void (state.checks += 1) },
    metrics: createMetrics({ service: 'test' }),
    stopping: () => state.stopping,
  })
  expect((await app.request('/ready')).status).toBe(200)
  state.stopping = true
  const answer = await app.request('/ready')
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({ status: 'stopping', checks: {} })
  expect(state.checks).toBe(1)
  expect((await app.request('/health')).status).toBe(200)
})

test('/ready answers 503 with the reason of each failed check, without secrets', async () => {
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

test('checks run in parallel, and a hanging one fails after two seconds', async () => {
  const called: string[] = []
  let aborted = false
  const { app, clock } = setUp({
    postgres: (signal) => {
      called.push('postgres')
      signal.addEventListener('abort', () => (aborted = true))
      return new Promise(() => undefined)
    },
    nats: async () => void called.push('nats'),
  })
  const answer = app.request('/ready')
  await clock.advance(0)
  expect(called).toEqual(['postgres', 'nats'])
  await clock.advance(2_000)
  expect((await answer).status).toBe(503)
  expect(aborted).toBe(true)
})

test('parallel probes share one run of the checks', async () => {
  let calls = 0
  const { app } = setUp({ postgres: async () => void (calls += 1) })
  await Promise.all([app.request('/ready'), app.request('/ready'), app.request('/ready')])
  expect(calls).toBe(1)
})

test('metrics are served in the Prometheus text format', async () => {
  const { app, metrics } = setUp({})
  metrics.counter({ name: 'sluice_test_total', help: 'Test.', labels: {} }).add({})
  const answer = await app.request('/metrics')
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(await answer.text()).toContain('sluice_test_total{service="test"} 1')
})
