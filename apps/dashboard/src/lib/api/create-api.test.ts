import { describe, expect, expectTypeOf, it } from 'vitest'

import { ApiError } from './api-error.ts'
import type { AnswerOf } from './create-api.ts'
import { apiPath, createApi } from './create-api.ts'

/** A gateway of one answer, and what it was asked. */
function gateway(answer: () => Response | Promise<Response>) {
  const asked: { path: string; init: RequestInit }[] = []
  const fetch = async (path: string | URL | Request, init: RequestInit = {}) => {
    asked.push({ path: String(path), init })
    return answer()
  }
  return { api: createApi(fetch), asked }
}

const refusal = (status: number, error: object, headers: Record<string, string> = {}) =>
  Response.json({ error }, { status, headers })

async function caught(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof ApiError)) throw new Error('no ApiError', { cause: error })
  return error
}

describe('a call', () => {
  it('goes to the path of its operation, with parameters and query escaped', async () => {
    const { api, asked } = gateway(() => Response.json({ items: [], next_cursor: null }))
    await api.listUserLedger({ params: { id: 'usr_/?' }, query: { limit: 50, cursor: 'a&b' } })
    expect(asked[0]?.path).toBe('/api/admin/users/usr_%2F%3F/ledger?limit=50&cursor=a%26b')
    expect(asked[0]?.init.method).toBe('GET')
    expect(asked[0]?.init.body).toBeUndefined()
  })

  it('sends JSON, and the key under which it is done once', async () => {
    const { api, asked } = gateway(() => Response.json({}, { status: 201 }))
    const body = { amount: '5000000', note: 'welcome' }
    await api.grantCredits({ params: { id: 'usr_1' }, body, idempotencyKey: 'k1' })
    const headers = new Headers(asked[0]?.init.headers)
    expect(asked[0]?.init).toMatchObject({ method: 'POST', body: JSON.stringify(body) })
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('idempotency-key')).toBe('k1')
  })

  it('leaves a form to the browser, which knows its boundary', async () => {
    const { api, asked } = gateway(() => Response.json({}, { status: 202 }))
    const body = new FormData()
    await api.createImages({ body })
    expect(asked[0]?.init.body).toBe(body)
    expect(new Headers(asked[0]?.init.headers).has('content-type')).toBe(false)
  })

  it('answers nothing where the operation answers nothing', async () => {
    const { api } = gateway(() => new Response(null, { status: 204 }))
    expect(await api.logout()).toBeUndefined()
  })
})

describe('a refusal', () => {
  it('is an ApiError with all that the gateway said', async () => {
    const error = { code: 'rate_limit_exceeded', message: 'Slow down.', param: 'model', type: 'x' }
    const headers = { 'retry-after': '3', 'x-request-id': 'req_1' }
    const { api } = gateway(() => refusal(429, error, headers))
    expect(await caught(api.getMe())).toMatchObject({
      code: 'rate_limit_exceeded',
      message: 'Slow down.',
      status: 429,
      param: 'model',
      requestId: 'req_1',
      retryAfterMs: 3_000,
    })
  })

  it.each([
    [502, '<html>nginx</html>', 'unavailable'],
    [413, 'too large', 'body_too_large'],
    [429, '', 'rate_limit_exceeded'],
    [418, '{"error":{"code":"of_another_release","message":null}}', 'of_another_release'],
    [500, '[]', 'unreadable'],
    [500, '{"error":"text"}', 'unreadable'],
  ])('of %i that is none of ours (%s) is still told apart', async (status, body, code) => {
    const { api } = gateway(() => new Response(body, { status }))
    expect(await caught(api.getMe())).toMatchObject({ code, status, param: undefined })
  })

  it('that never came is `network`, and keeps its cause', async () => {
    const cause = new TypeError('fetch failed')
    const { api } = gateway(() => Promise.reject(cause))
    expect(await caught(api.getMe())).toMatchObject({ code: 'network', status: 0, cause })
  })

  it('to read a good answer is `unreadable`', async () => {
    const { api } = gateway(() => new Response('<!doctype html>', { status: 200 }))
    expect(await caught(api.getMe())).toMatchObject({ code: 'unreadable', status: 200 })
  })
})

it('an aborted call rejects with the reason of the abort, which is nobody’s fault', async () => {
  const reason = new Error('left the page')
  const { api } = gateway(() => Promise.reject(reason))
  await expect(api.getMe({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

it('a refusal that nobody waits for ends no process', async () => {
  const { api } = gateway(() => refusal(401, { code: 'invalid_session' }))
  const unheard: unknown[] = []
  const note = (error: unknown) => void unheard.push(error)
  process.on('unhandledRejection', note)
  void api.getMe()
  // Node tells of unheard rejections after the microtasks of a turn.
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unheard).toEqual([])
})

it('events and bytes have addresses instead of methods', () => {
  const { api } = gateway(() => Response.json({}))
  expect('followImage' in api).toBe(false)
  expect(apiPath('followImage', { params: { id: 'img_1' } })).toBe('/api/user/images/img_1/events')
  const partial = { id: 'img_1', index: 0, number: 2 }
  expect(apiPath('getImagePartial', { params: partial })).toBe(
    '/api/user/images/img_1/partials/0/2',
  )
  expect(() =>
    apiPath('getImagePartial', { params: { ...partial, id: undefined as never } }),
  ).toThrow('needs id')
})

it('types each amount of an answer in micro-credits and in credits', () => {
  expectTypeOf<AnswerOf<'getApiKey'>['daily_quota']>().toEqualTypeOf<string | null>()
  expectTypeOf<AnswerOf<'getApiKey'>['spent_today']>().toEqualTypeOf<string>()
  expectTypeOf<AnswerOf<'listCharges'>['items'][number]['charged']>().toEqualTypeOf<string>()
  expectTypeOf<AnswerOf<'grantCredits'>['balance']['posted']>().toEqualTypeOf<string>()
})
