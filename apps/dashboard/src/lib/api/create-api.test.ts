import { describe, expect, expectTypeOf, it } from 'vitest'

import { ApiError } from './api-error.ts'
import type { AnswerOf } from './create-api.ts'
import { apiPath, createApi } from './create-api.ts'

/** A gateway that always gives the same response, and the requests it received. */
function gateway(answer: () => Response | Promise<Response>) {
  const requests: { path: string; init: RequestInit }[] = []
  const fetch = async (path: string | URL | Request, init: RequestInit = {}) => {
    requests.push({ path: String(path), init })
    return answer()
  }
  return { api: createApi(fetch), requests }
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
  it('uses the path of its operation, with escaped parameters and query', async () => {
    const { api, requests } = gateway(() => Response.json({ items: [], next_cursor: null }))
    await api.listUserLedger({ params: { id: 'usr_/?' }, query: { limit: 50, cursor: 'a&b' } })
    expect(requests[0]?.path).toBe('/api/admin/users/usr_%2F%3F/ledger?limit=50&cursor=a%26b')
    expect(requests[0]?.init.method).toBe('GET')
    expect(requests[0]?.init.body).toBeUndefined()
  })

  it('sends JSON and the idempotency key', async () => {
    const { api, requests } = gateway(() => Response.json({}, { status: 201 }))
    const body = { amount: '5000000', note: 'welcome' }
    await api.grantCredits({ params: { id: 'usr_1' }, body, idempotencyKey: 'k1' })
    const headers = new Headers(requests[0]?.init.headers)
    expect(requests[0]?.init).toMatchObject({ method: 'POST', body: JSON.stringify(body) })
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('idempotency-key')).toBe('k1')
  })

  it('sets no content type for a form, so that the browser adds the boundary', async () => {
    const { api, requests } = gateway(() => Response.json({}, { status: 202 }))
    const body = new FormData()
    await api.createImages({ body })
    expect(requests[0]?.init.body).toBe(body)
    expect(new Headers(requests[0]?.init.headers).has('content-type')).toBe(false)
  })

  it('returns undefined for 204', async () => {
    const { api } = gateway(() => new Response(null, { status: 204 }))
    expect(await api.logout()).toBeUndefined()
  })
})

describe('a refusal', () => {
  it('is an ApiError with all values of the response', async () => {
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
  ])(
    'of status %i in another format (%s) gets a code by its status',
    async (status, body, code) => {
      const { api } = gateway(() => new Response(body, { status }))
      expect(await caught(api.getMe())).toMatchObject({ code, status, param: undefined })
    },
  )

  it('without a response has the code `network` and keeps its cause', async () => {
    const cause = new TypeError('fetch failed')
    const { api } = gateway(() => Promise.reject(cause))
    expect(await caught(api.getMe())).toMatchObject({ code: 'network', status: 0, cause })
  })

  it('has the code `unreadable` when an ok response is not JSON', async () => {
    const { api } = gateway(() => new Response('<!doctype html>', { status: 200 }))
    expect(await caught(api.getMe())).toMatchObject({ code: 'unreadable', status: 200 })
  })
})

it('an aborted call rejects with the reason of the abort', async () => {
  const reason = new Error('left the page')
  const { api } = gateway(() => Promise.reject(reason))
  await expect(api.getMe({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

it('a rejected call that is not awaited raises no unhandled rejection', async () => {
  const { api } = gateway(() => refusal(401, { code: 'invalid_session' }))
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  void api.getMe()
  // Node reports unhandled rejections after the microtasks of a turn.
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

it('operations with events or bytes have a path instead of a method', () => {
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

it('types each amount of a response in micro-credits and in credits', () => {
  expectTypeOf<AnswerOf<'getApiKey'>['daily_quota']>().toEqualTypeOf<string | null>()
  expectTypeOf<AnswerOf<'getApiKey'>['spent_today']>().toEqualTypeOf<string>()
  expectTypeOf<AnswerOf<'listCharges'>['items'][number]['charged']>().toEqualTypeOf<string>()
  expectTypeOf<AnswerOf<'grantCredits'>['balance']['posted']>().toEqualTypeOf<string>()
})
