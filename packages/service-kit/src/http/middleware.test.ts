import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { expect, test } from 'vitest'

import {
  createErrorHandler,
  logAccess,
  assignRequestId,
  createNotFoundHandler,
} from './middleware.ts'
import type { RequestEnv } from './middleware.ts'

function setUp(thrown?: unknown) {
  const log = recordedLog()
  const app = new Hono<RequestEnv>()
  app.use(assignRequestId(() => 'req_1'))
  app.use(logAccess({ log, clock: fakeClock() }))
  app.onError(createErrorHandler({ log }))
  app.notFound(createNotFoundHandler())
  app.get('/raw', () => new Response('raw'))
  app.get('/throws', () => {
    throw thrown
  })
  return { app, log }
}

test('every response has the request id: a raw one, a 404 and an error', async () => {
  const { app } = setUp(new Error('broken'))
  for (const path of ['/raw', '/nowhere', '/throws']) {
    const answer = await app.request(path)
    expect(answer.headers.get('x-request-id')).toBe('req_1')
  }
})

test('an AppError is rendered with its status, code and retry-after', async () => {
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

const internalErrors = {
  'of an unknown class': new Error('connect ECONNREFUSED 10.0.0.7:5432'),
  'of code internal_error': new AppError('internal_error', 'the row of 10.0.0.7 is damaged'),
}

test.each(Object.entries(internalErrors))(
  'an error %s is logged once and its message is not sent to the caller',
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

test('an HTTPException of Hono keeps its status', async () => {
  const { app } = setUp(new HTTPException(413, { message: 'Payload Too Large' }))
  expect((await app.request('/throws')).status).toBe(413)
})

test('an unknown route is answered with a 404 that names it', async () => {
  const { app } = setUp()
  const answer = await app.request('/v1/nowhere')
  expect(answer.status).toBe(404)
  expect(await answer.text()).toContain('/v1/nowhere')
})

test('the access log omits the query, which may contain a signature', async () => {
  const { app, log } = setUp()
  await app.request('/raw?sig=abc')
  expect(log.lines).toEqual([
    {
      level: 'info',
      message: 'request',
      facts: { requestId: 'req_1', method: 'GET', path: '/raw', status: 200, ms: 0 },
    },
  ])
})
