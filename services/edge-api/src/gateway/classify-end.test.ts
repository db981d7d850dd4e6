import { expect, it } from 'vitest'

import { classifyEnd } from './classify-end.ts'

const answered = (message: string) => ({
  kind: 'error-status' as const,
  status: 400,
  headers: {},
  body: Buffer.from(JSON.stringify({ error: { message, code: 'bad' } })),
})

it('a secret repeated in an upstream error is not passed to the caller', () => {
  const secret = 'a-secret-of-a-look-alike'
  const { failure, verbatim } = classifyEnd(answered(`No such key: ${secret}`), {
    nowMs: 0,
    secret,
  })
  expect(failure.message).toBe('No such key: [removed]')
  expect(verbatim?.body.toString()).not.toContain(secret)
})

it('an error without the secret is passed on byte for byte', () => {
  const end = answered('temperature must be at most 2')
  expect(classifyEnd(end, { nowMs: 0, secret: 'a-secret-of-a-look-alike' }).verbatim?.body).toBe(
    end.body,
  )
})

it('a secret written with JSON escapes is not passed to the caller', () => {
  const secret = 'a-secret-of-a-look-alike'
  const escaped = [...secret].map((one) => String.raw`\u00${one.charCodeAt(0).toString(16)}`)
  const body = Buffer.from(`{"error":{"message":"No","code":"bad","key":"${escaped.join('')}"}}`)
  const { verbatim } = classifyEnd({ ...answered(''), body }, { nowMs: 0, secret })
  expect(JSON.stringify(JSON.parse(verbatim?.body.toString() ?? '{}'))).not.toContain(secret)
})
