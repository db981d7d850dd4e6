import { AppError } from '@sluice/kernel/app-error'
import { expect, test } from 'vitest'

import { createLog } from './log.ts'

function capture() {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { lines, log: createLog({ name: 'test', level: 'debug', destination }) }
}

const secrets = {
  'by the name of a member': { secret: 'hunter2' },
  'by a nested name': { channel: { token: 'hunter2' } },
  'by a deeply nested name': { a: { b: { c: { d: { password: 'hunter2' } } } } },
  'of any type': { apiKey: { parts: ['hunter2'] } },
  'in a list of headers': { headers: { 'set-cookie': ['sid=hunter2'] } },
  'with quotes and backslashes in it': { x: { y: { z: { cookie: 'hun"\\hunter2\\"' } } } },
  'in an authorization value': { header: 'Authorization: Bearer hunter2hunter2' },
  'with the format of an API key': { note: 'called with sk-proj-hunter2_hunter2' },
  'in a connection URL': { url: 'postgres://sluice:hunter2@db:5432/sluice' },
  'in a query': { path: '/p/img/1/0?exp=1&sig=hunter2' },
  'in JSON inside a string': { body: '{"model":"m","api_key":"hunter2","n":1}' },
  'in an error': { err: new Error('upstream answered {"token": "hunter2"}') },
  'in the cause of an error': {
    err: new AppError('upstream_failed', 'failed', {
      cause: new Error('GET https://user:hunter2@host/ failed'),
    }),
  },
}

test.each(Object.entries(secrets))('a secret is redacted: %s', (_, facts) => {
  const { lines, log } = capture()
  log.warn(facts, 'a line')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('hunter2')
  expect(lines[0]).toContain('[redacted]')
})

test.each([
  'org-9Xk2LmPq7RtYvB3nWz',
  'proj_4fGh29KqPz71LmXy',
  'acct_1032D82eZvKYlo2C',
  'AIzaSyD4fGh29KqPz71LmXyAbCdEf',
  'gsk_4fGh29KqPz71LmXyAbCd',
])('account ids and keys in an upstream text are redacted: %s', (id) => {
  const { lines, log } = capture()
  log.warn({ err: new Error(`Limit reached in ${id}.\n${id} of the year`), text: `(${id})` }, id)
  expect(lines[0]).not.toContain(id)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ text: '([redacted])', msg: '[redacted]' })
})

test('words that start like an account id, and Sluice’s own ids, are not redacted', () => {
  const { lines, log } = capture()
  const text = 'org-chart proj_management acct_department user_location_hint sk-learn'
  const ids = { apiKeyId: 'key_01890a5d8e7f4c3b9a2d1e0f', jobId: 'img_01890a5d8e7f4c3b9a2d1e0f' }
  const requestId = 'req_01890a5d8e7f4c3b9a2d1e0f'
  log.warn({ text, ...ids, requestId }, 'stored')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ ...ids, requestId, text })
})

test('a redacted line is valid JSON and keeps all other values', () => {
  const { lines, log } = capture()
  const body = '{"password":"a\\"b","model":"gpt-image-1"}'
  log
    .child({ requestId: 'req_1' })
    .info({ deep: { er: { still: { secret: 'x\\' } } }, body, inputTokens: 5 }, 'print "hi"')
  const line: unknown = JSON.parse(lines[0] ?? '')
  expect(line).toMatchObject({
    requestId: 'req_1',
    inputTokens: 5,
    msg: 'print "hi"',
    name: 'test',
  })
  expect(line).toHaveProperty('body', expect.stringContaining('gpt-image-1'))
})

test('an error is logged with its code, its stack and its cause', () => {
  const { lines, log } = capture()
  const err = new AppError('unavailable', 'no bus', { cause: new Error('connection refused') })
  log.error({ err }, 'could not announce')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    err: { code: 'unavailable', stack: expect.stringContaining('connection refused') },
  })
})

test('lines below the level are not written', () => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  createLog({ name: 'test', level: 'warn', destination }).info('below the level')
  expect(lines).toEqual([])
})
