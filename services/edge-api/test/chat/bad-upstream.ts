/** A scripted upstream with invalid answers, and a healthy upstream of lower priority. */
import { createSseParser } from '@sluice/protocol/sse'

import type { MakeChannel } from './channels.ts'

export const SECRET = 'sk-live-secret-of-the-channel'
export const ORG = 'org-Q1w2E3r4T5'
const keys = { simulator: { keys: [SECRET, 'key-b'] } }
const makeTwo = (make: MakeChannel) => [
  make(1, { priority: 2, secrets: [SECRET], settings: { organization: ORG } }),
  make(2, { priority: 1, secrets: ['key-b'] }),
]
const makeOne = (make: MakeChannel) => [
  make(1, { secrets: [SECRET], settings: { organization: ORG } }),
]
export const twoChannels = { ...keys, channels: makeTwo }
export const oneChannel = { ...keys, channels: makeOne }

export type Raw = {
  headers?: Record<string, string>
  chunks: (string | { base64: string })[]
  ending?: 'cut' | 'hang'
}
/** Scripts the answer to every request with the first key. */
export const raw = ({ headers = { 'content-type': 'application/json' }, ...behaviour }: Raw) =>
  ({
    match: { key: SECRET },
    times: null,
    behaviour: { kind: 'raw', headers, ...behaviour },
  }) as never

export const events = (text: string) => createSseParser().push(Buffer.from(text))
export const sse = { 'content-type': 'text/event-stream' }
export const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
export const delta = (delta: object, finish_reason: string | null = null) =>
  data({ id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })
export const role = delta({ role: 'assistant', content: '' })
export const done = 'data: [DONE]\n\n'
export const error = {
  message: `The server had an error for organization ${ORG} with key ${SECRET}`,
  type: 'server_error',
}
export const completion = (content: string, finish_reason = 'stop', more = {}) =>
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason }],
    ...more,
  })
