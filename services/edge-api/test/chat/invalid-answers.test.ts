import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterEach, describe, expect, it } from 'vitest'

import type { Raw } from './bad-upstream.ts'
import {
  ORG,
  SECRET,
  completion,
  data,
  delta,
  done,
  error,
  events,
  oneChannel,
  raw,
  role,
  sse,
  twoChannels,
} from './bad-upstream.ts'
import type { MakeChannel } from './channels.ts'
import { id } from './ids.ts'
import { turns, until } from './time.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

/** No upstream secret may appear in an answer, in the log, in the metrics or in the records. */
async function expectNoLeak(fixture: Fixture, ...texts: string[]): Promise<void> {
  const metrics = await fixture.deps.metrics.render()
  const outputs = [...texts, metrics, fixture.log.lines, fixture.rows, fixture.outcomes]
  const all = JSON.stringify(outputs, (_, value: unknown) =>
    typeof value === 'bigint'
      ? String(value)
      : value instanceof Error
        ? String(value.stack)
        : value,
  )
  expect(all).not.toContain(SECRET)
  expect(all).not.toContain(ORG)
}

const wholeFailures: [string, Raw][] = [
  ['an error object', { chunks: [JSON.stringify({ error })] }],
  ['an error beside choices', { chunks: [completion('half', 'stop', { error })] }],
  ['a finish_reason of error', { chunks: [completion('', 'error', { error })] }],
  ['a finish_reason of error without an error', { chunks: [completion('', 'error')] }],
  ['an error inside a choice', { chunks: [JSON.stringify({ choices: [{ index: 0, error }] })] }],
  ['error fields without an envelope', { chunks: [JSON.stringify({ object: 'error', ...error })] }],
  ['an error in an array', { chunks: [JSON.stringify([{ error }])] }],
  ['an error as text', { chunks: [JSON.stringify({ error: error.message })] }],
  ['no choices', { chunks: [JSON.stringify({ choices: [], usage: {} })] }],
  ['choices that are null', { chunks: [JSON.stringify({ choices: null, base_resp: error })] }],
  ['a login page', { headers: { 'content-type': 'text/html' }, chunks: ['<html>log in</html>'] }],
  ['a page that claims to be JSON', { chunks: ['<html>log in</html>'] }],
  ['an empty body', { chunks: [] }],
  ['white space', { chunks: [' \n', '\n '] }],
  ['JSON that is cut', { chunks: ['{"choices":[{"mess'] }],
  [
    'an answer without content or finish_reason',
    {
      chunks: [completion('', '')].map((text) =>
        text.replace('"finish_reason":""', '"finish_reason":null'),
      ),
    },
  ],
  ['text', { headers: { 'content-type': 'text/plain' }, chunks: [`Internal error ${SECRET}`] }],
  [
    'an error nested deeper than the call stack',
    { chunks: [`{"error":${'['.repeat(200_000)}1${']'.repeat(200_000)}}`] },
  ],
  ['an unknown content encoding', { headers: { 'content-encoding': 'compress' }, chunks: ['x'] }],
]

describe('a non-streaming call answered with 200 but without a completion', () => {
  it.each(wholeFailures)('fails over to the next channel: %s', async (_name, answer) => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(raw(answer))
    const { status, text } = await fixture.chat()
    expect(status, text).toBe(200)
    expect(JSON.parse(text).choices[0].message.content).toContain('You wrote:')
    await fixture.stop()
    expect(fixture.ledger.records).toHaveLength(1)
    expect(fixture.rows).toMatchObject([{ attempts: 2, errorCode: null }])
    // The key is not invalid: an ordinary failure at most.
    const first = fixture.outcomes.filter(({ credentialId }) => credentialId === id('cred', '10'))
    expect(first.map(({ outcome }) => outcome.kind)).toEqual(['failed'])
    await expectNoLeak(fixture, text)
  })

  it.each(wholeFailures)(
    'is a 502 with the gateway’s own message and is not charged: %s',
    async (_name, answer) => {
      const fixture = await open(oneChannel)
      fixture.simulator.script(raw(answer))
      const { status, text, headers } = await fixture.chat()
      expect(status).toBe(502)
      expect(headers['content-type']).toBe('application/json')
      expect(JSON.parse(text).error.code).toBe('upstream_failed')
      await fixture.stop()
      expect(fixture.ledger.records).toEqual([])
      expect(fixture.rows).toMatchObject([{ status: 502, errorCode: 'upstream_failed' }])
      await expectNoLeak(fixture, text)
    },
  )

  it('with a refusal of the prompt becomes an error of the caller, without secrets', async () => {
    const fixture = await open(twoChannels)
    const refusal = { ...error, code: 'content_policy_violation' }
    fixture.simulator.script(raw({ chunks: [JSON.stringify({ error: refusal })] }))
    const { status, text } = await fixture.chat()
    expect(status).toBe(400)
    expect(JSON.parse(text).error.code).toBe('content_policy_violation')
    expect(fixture.simulator.log()).toHaveLength(1)
    await fixture.stop()
    await expectNoLeak(fixture, text)
  })

  it('with an embedded 429 cools the key down as that status does', async () => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(
      raw({ chunks: [JSON.stringify({ error: { code: 429, message: 'slow' } })] }),
    )
    expect((await fixture.chat()).status).toBe(200)
    await fixture.stop()
    expect(fixture.outcomes).toContainEqual(
      expect.objectContaining({ outcome: expect.objectContaining({ kind: 'limited' }) }),
    )
  })
})

const streamFailures: [string, Raw][] = [
  ['an error after the role', { headers: sse, chunks: [role, data({ error }), done] }],
  ['an error after a comment', { headers: sse, chunks: [': hello\n\n', data({ error })] }],
  ['an error event by name', { headers: sse, chunks: [role, `event: error\n${data(error)}`] }],
  [
    'a named error event that is text',
    { headers: sse, chunks: [`event: error\ndata: ${SECRET}\n\n`] },
  ],
  ['a finish_reason of error', { headers: sse, chunks: [role, delta({}, 'error')] }],
  ['an error of type error', { headers: sse, chunks: [role, data({ ...error, type: 'error' })] }],
  [
    'an error in a chunk of content',
    { headers: sse, chunks: [data({ choices: [{ index: 0, delta: { content: 'x' } }], error })] },
  ],
  [
    'an error after empty deltas and usage',
    {
      headers: sse,
      chunks: [
        role,
        delta({ content: '' }),
        data({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 0 } }),
        data({ error }),
      ],
    },
  ],
  [
    'an error without a last blank line',
    { headers: sse, chunks: [role, `data: ${JSON.stringify({ error })}`] },
  ],
  ['an error as JSON', { chunks: [JSON.stringify({ error })] }],
  ['an error as JSON in an event stream', { headers: sse, chunks: [JSON.stringify({ error })] }],
  ['only a role and [DONE]', { headers: sse, chunks: [role, done] }],
  ['only [DONE]', { headers: sse, chunks: [done] }],
  ['an empty stream', { headers: sse, chunks: [] }],
  ['a role and then nothing', { headers: sse, chunks: [role] }],
  ['a role and a broken connection', { headers: sse, chunks: [role], ending: 'cut' }],
  ['only comments', { headers: sse, chunks: [': a\n\n', ': b\n\n'] }],
  [
    'data that is not JSON',
    { headers: sse, chunks: [role, `data: upstream error ${SECRET}\n\n`, done] },
  ],
  ['a login page', { headers: { 'content-type': 'text/html' }, chunks: ['<html></html>'] }],
  ['a login page in an event stream', { headers: sse, chunks: ['<html></html>'] }],
]

describe('a stream that failed before its first content', () => {
  it.each(streamFailures)('fails over to the next channel: %s', async (_name, answer) => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(raw(answer))
    const { status, text } = await fixture.chat({ stream: true })
    expect(status, text).toBe(200)
    expect(events(text).at(-1)?.data).toBe('[DONE]')
    expect(text).not.toContain('error')
    expect(text.match(/"role":"assistant"/g)).toHaveLength(1)
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([{ source: 'upstream', endState: 'finished' }])
    expect(fixture.rows).toMatchObject([{ attempts: 2, errorCode: null }])
    await expectNoLeak(fixture, text)
  })

  it.each(streamFailures)(
    'is one error with the gateway’s own message: %s',
    async (_name, answer) => {
      const fixture = await open(oneChannel)
      fixture.simulator.script(raw(answer))
      const { status, text, headers } = await fixture.chat({ stream: true })
      expect(status).toBe(502)
      expect(headers['content-type']).toBe('application/json')
      expect(JSON.parse(text).error.code).toBe('upstream_failed')
      await fixture.stop()
      expect(fixture.ledger.records).toEqual([])
      await expectNoLeak(fixture, text)
    },
  )
})

describe('keep-alive comments', () => {
  it('start the answer, which another channel may still deliver', async () => {
    const clock = fakeClock()
    const silent = await startOpenAiSimulator({ keys: [SECRET] })
    const channels = (make: MakeChannel) => [
      make(1, { priority: 2, baseUrl: `${silent.url}/v1`, secrets: [SECRET] }),
      make(2, { priority: 1 }),
    ]
    const fixture = await open({ clock, channels })
    silent.script(raw({ headers: sse, chunks: [role], ending: 'hang' }))
    const answer = fixture.chat({ stream: true })
    await until(() => silent.log().length > 0)
    await turns(300)
    for (let second = 0; second < 25; second += 1) {
      await clock.advance(1_000)
      await turns(3)
    }
    await silent.close()
    const { status, text } = await answer
    expect(status).toBe(200)
    expect(text.startsWith(': keep-alive\n\n')).toBe(true)
    expect(text).not.toContain('error')
    expect(text.match(/"role":"assistant"/g)).toHaveLength(1)
    expect(text.endsWith(done)).toBe(true)
    await fixture.stop()
    expect(fixture.rows).toMatchObject([{ attempts: 2, errorCode: null }])
  })
})

describe('a stream that fails after its first content', () => {
  const contents = [delta({ content: 'eight678' }), delta({ content: 'eight678' })]
  const tool = delta({
    tool_calls: [{ index: 0, id: 't', function: { name: 'find', arguments: '' } }],
  })
  it.each<[string, string[]]>([
    ['an error event and [DONE]', [role, ...contents, data({ error }), done]],
    ['a named error event', [role, ...contents, `event: error\n${data(error)}`]],
    ['a finish_reason of error', [role, ...contents, delta({}, 'error'), done]],
    ['two error events', [role, ...contents, data({ error }), data({ error })]],
    ['an error after the finish_reason', [role, ...contents, delta({}, 'stop'), data({ error })]],
    ['data that is not JSON', [role, ...contents, `data: ${SECRET}\n\n`, done]],
    ['a comment with a secret, and a cut', [role, ...contents, `: ${SECRET} ${ORG}\n\n`]],
    ['an extension with a secret, and a cut', [role, ...contents, data({ note: SECRET })]],
    ['JSON that is cut', [role, ...contents, 'data: {"choices":[{"in']],
    ['an error after reasoning', [role, delta({ reasoning_content: 'hm' }), data({ error })]],
    ['an error after a refusal', [role, delta({ refusal: 'no' }), data({ error })]],
    ['an error after a tool’s name', [role, tool, data({ error })]],
    ['an error in the same read as content', [[role, ...contents, data({ error })].join('')]],
  ])('ends with one gateway error and is charged up to the cut: %s', async (_name, chunks) => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(raw({ headers: sse, chunks }))
    const { status, text } = await fixture.chat({ stream: true })
    expect(status).toBe(200)
    const seen = events(text).map(({ data }) => JSON.parse(data))
    expect(seen.filter((one) => 'error' in one)).toHaveLength(1)
    expect(seen.at(-1)).toMatchObject({ error: { code: 'upstream_failed', type: 'server_error' } })
    expect(seen.length).toBeGreaterThan(1)
    expect(text).not.toContain('[DONE]')
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([
      { source: 'estimate', endState: 'cut-by-upstream' },
    ])
    expect(fixture.ledger.records[0]?.amountMicro).toBeGreaterThan(0n)
    expect(fixture.rows).toMatchObject([{ attempts: 1, errorCode: 'upstream_failed' }])
    expect(fixture.outcomes).toMatchObject([{ outcome: { kind: 'failed' } }])
    await expectNoLeak(fixture, text)
  })
})
