import { expect, it } from 'vitest'

import { judgeEnd } from './judge-end.ts'

const answered = (message: string) => ({
  kind: 'answered' as const,
  status: 400,
  headers: {},
  body: Buffer.from(JSON.stringify({ error: { message, code: 'bad' } })),
})

it('an upstream that repeats our secret to explain a mistake does not tell it to the caller', () => {
  const secret = 'a-secret-of-a-look-alike'
  const { failure, verbatim } = judgeEnd(answered(`No such key: ${secret}`), { nowMs: 0, secret })
  expect(failure.message).toBe('No such key: [removed]')
  expect(verbatim?.body.toString()).not.toContain(secret)
})

it('what does not name it is passed on byte by byte', () => {
  const end = answered('temperature must be at most 2')
  expect(judgeEnd(end, { nowMs: 0, secret: 'a-secret-of-a-look-alike' }).verbatim?.body).toBe(
    end.body,
  )
})

it('nor does one that writes it with JSON escapes', () => {
  const secret = 'a-secret-of-a-look-alike'
  const escaped = [...secret].map((one) => String.raw`\u00${one.charCodeAt(0).toString(16)}`)
  const body = Buffer.from(`{"error":{"message":"No","code":"bad","key":"${escaped.join('')}"}}`)
  const { verbatim } = judgeEnd({ ...answered(''), body }, { nowMs: 0, secret })
  expect(JSON.stringify(JSON.parse(verbatim?.body.toString() ?? '{}'))).not.toContain(secret)
})
