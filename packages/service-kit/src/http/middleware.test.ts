import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { expect, test } from 'vitest'

import { lastResort, logAccess, nameRequest, nothingHere } from './middleware.ts'
import type { RequestEnv } from './middleware.ts'

function setUp(thrown?: unknown) {
  const log = recordedLog()
  const app = new Hono<RequestEnv>()
  app.use(nameRequest(() => 'req_1'))
  app.use(logAccess({ log, clock: fakeClock() }))
  app.onError(lastResort({ log }))
  app.notFound(nothingHere())
  app.get('/made', () => new Response('by hand'))
  app.get('/throws', () => {
    throw thrown
  })
  return { app, log }
}

test('the request id is in every answer: good, by hand, missing, failed', async () => {
  const { app } = setUp(new Error('broken'))
  for (const path of ['/made', '/nowhere', '/throws']) {
    const answer = await app.request(path)
    expect(answer.headers.get('x-request-id')).toBe('req_1')
  }
})

test('an AppError is rendered with its status, code and time to come back', async () => {
  const { app, log } = setUp(
    new AppError('rate_limit_exceeded', 'Slow down.', { retryAfterMs: 1_200, param: 'model' }),
  )
  const answer = await app.request('/throws')
  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toBe('2')
  expect(await answer.json()).toEqual({
    error: {
      code: 'rate_limit_exceeded',
      message: 'Slow down.',
      param: 'model',
      requestId: 'req_1',
    },
  })
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([])
})

const faults = {
  'that nobody foresaw': new Error('connect ECONNREFUSED 10.0.0.7:5432'),
  'that somebody named': new AppError('internal_error', 'the row of 10.0.0.7 is damaged'),
}

test.each(Object.entries(faults))(
  'a fault %s is logged once and tells no caller of itself',
  async (_, err) => {
    const { app, log } = setUp(err)
    const answer = await app.request('/throws')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('10.0.0.7')
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        message: 'request failed',
        facts: { err, requestId: 'req_1', path: '/throws' },
      },
    ])
  },
)

test('refusals of the framework keep their meaning', async () => {
  const { app } = setUp(new HTTPException(413, { message: 'Payload Too Large' }))
  expect((await app.request('/throws')).status).toBe(413)
})

test('an unknown route is a 404 that names it', async () => {
  const { app } = setUp()
  const answer = await app.request('/v1/nowhere')
  expect(answer.status).toBe(404)
  expect(await answer.text()).toContain('/v1/nowhere')
})

test('the access log has no query, which may hold a signature', async () => {
  const { app, log } = setUp()
  await app.request('/made?sig=abc')
  expect(log.lines).toEqual([
    {
      level: 'info',
      message: 'request',
      facts: { requestId: 'req_1', method: 'GET', path: '/made', status: 200, ms: 0 },
    },
  ])
})
