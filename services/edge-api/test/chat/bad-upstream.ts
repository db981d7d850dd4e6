/** An upstream that answers anything, before a healthy one. */
import { createSseParser } from '@sluice/protocol/sse'

import type { MakeChannel } from './channels.ts'

export const SECRET = 'sk-live-secret-of-the-channel'
export const ORG = 'org-Q1w2E3r4T5'
const keys = { simulator: { keys: [SECRET, 'key-b'] } }
const twoChannels = (make: MakeChannel) => [
  make(1, { priority: 2, secrets: [SECRET], settings: { organization: ORG } }),
  make(2, { priority: 1, secrets: ['key-b'] }),
]
const oneChannel = (make: MakeChannel) => [
  make(1, { secrets: [SECRET], settings: { organization: ORG } }),
]
export const two = { ...keys, channels: twoChannels }
export const one = { ...keys, channels: oneChannel }

export type Raw = {
  headers?: Record<string, string>
  chunks: (string | { base64: string })[]
  ending?: 'cut' | 'hang'
}
/** What the first key's upstream answers, always. */
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
export const said = (content: string, finish_reason = 'stop', more = {}) =>
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason }],
    ...more,
  })
