import { expect, it } from 'vitest'

import { messages as english } from '../i18n/en/errors.ts'
import { messages as chinese } from '../i18n/zh/errors.ts'
import { ApiError } from './api-error.ts'
import { toPageError } from './page-error.ts'

const refusal = (status: number) =>
  new ApiError('raw message', { code: 'unavailable', status, requestId: 'req_1' })

it('a refusal of the gateway keeps its status and is shown in the user’s language', async () => {
  expect(await toPageError({ kind: 'unknown', error: refusal(503) }, 'zh')).toEqual({
    status: 503,
    message: chinese.codes.unavailable,
    code: 'unavailable',
    requestId: 'req_1',
  })
})

it('an unreachable gateway results in 502', async () => {
  const error = new ApiError('no answer', { code: 'network', status: 0 })
  expect(await toPageError({ kind: 'unknown', error }, 'en')).toEqual({
    status: 502,
    message: english.codes.network,
    code: 'network',
  })
})

it('an error of the panel reveals no details', async () => {
  const error = new TypeError('cannot read secrets of undefined')
  expect(await toPageError({ kind: 'unknown', error }, 'en')).toEqual({ message: english.other })
})

it('an unknown path gets the not-found message, and a message set by a page is kept', async () => {
  const missing = { status: 404, message: 'Not Found' }
  expect(await toPageError({ kind: 'framework', error: missing }, 'en')).toEqual({
    message: english.codes.not_found,
  })
  expect(await toPageError({ kind: 'app', error: { message: 'its own' } }, 'en')).toBeUndefined()
})
