import { hash } from 'node:crypto'

import { createSseParser } from '@sluice/protocol/sse'
import { afterEach, describe, expect, it } from 'vitest'

import { id } from './ids.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { question, createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const events = (text: string) => createSseParser().push(Buffer.from(text))

describe('a chat answer', () => {
  it('is the upstream’s answer byte for byte, charged by the usage it reports', async () => {
    const { chat, simulator, ledger, stop, rows } = await open()
    const answer = await chat()
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)))
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
    const body = JSON.parse(answer.text)
    expect(body).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] })
    await stop()
    const { prompt_tokens: input, completion_tokens: output } = body.usage
    expect(ledger.records).toMatchObject([
      {
        requestId: answer.headers['x-request-id'],
        wallet: id('wal', 1),
        apiKeyId: id('key', 1),
        model: 'gpt-5-mini',
        usage: { kind: 'tokens', input, output },
        source: 'upstream',
        endState: 'finished',
        amountMicro: BigInt(input + 4 * output),
      },
    ])
    expect(rows).toMatchObject([{ status: 200, errorCode: null, attempts: 1, inputTokens: input }])
    expect(simulator.log()).toHaveLength(1)
    expect(ledger.availableMicro()).toBe(1_000_000_000n - BigInt(input + 4 * output))
  })

  it('forwards the caller’s request body byte for byte unless a rule changes it', async () => {
    const { post, simulator } = await open()
    const body =
      '{ "seed": 12345678901234567890, "model":"gpt-5-mini", "messages":[{"role":"user","content":"é😀"}] }'
    const answer = await post('/v1/chat/completions', body)
    await answer.body.dump()
    expect(answer.statusCode).toBe(200)
    expect(simulator.log()[0]?.bodySha256).toBe(hash('sha256', body))
  })

  it('for an aliased model is requested by its upstream name and charged by its public name', async () => {
    const { chat, simulator, ledger, stop } = await open()
    expect((await chat({ model: 'org/tiny' })).status).toBe(200)
    expect(simulator.log()[0]?.model).toBe('gpt-4o-mini')
    await stop()
    expect(ledger.records[0]?.model).toBe('org/tiny')
  })

  it('larger than 64 KiB is passed through', async () => {
    const { chat, ledger, stop } = await open({ simulator: { answerWords: 30_000 } })
    const answer = await chat({ max_tokens: 30_000 })
    expect(JSON.parse(answer.text).usage.completion_tokens).toBe(30_000)
    await stop()
    expect(ledger.records[0]?.usage).toMatchObject({ output: 30_000 })
  })

  it('carries only the upstream headers that are meant for callers', async () => {
    const { chat, simulator } = await open()
    simulator.script({
      behaviour: {
        kind: 'status',
        status: 200,
        headers: {
          'set-cookie': 'a=b',
          'x-ratelimit-limit-requests': '7',
          'access-control-allow-origin': '*',
          server: 'upstream',
          'openai-processing-ms': '12',
        },
        body: {
          object: 'chat.completion',
          choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 1 },
        },
      },
    })
    const { headers } = await chat()
    expect(Object.keys(headers).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
      'openai-processing-ms',
      'openai-version',
      'x-request-id',
    ])
  })
})

describe('a chat stream', () => {
  it('is passed through byte for byte when the caller requested usage', async () => {
    const { chat, ledger, stop } = await open()
    const answer = await chat({ stream: true, stream_options: { include_usage: true } })
    expect(answer.headers['content-type']).toContain('text/event-stream')
    const seen = events(answer.text)
    expect(seen.at(-1)?.data).toBe('[DONE]')
    expect(JSON.parse(seen.at(-2)?.data ?? '')).toMatchObject({ choices: [] })
    await stop()
    expect(ledger.records).toMatchObject([{ source: 'upstream', endState: 'finished' }])
  })

  it('is metered by reported usage also when the caller did not request it, and hides it from them', async () => {
    const { chat, ledger, simulator, stop } = await open()
    const { text } = await chat({ stream: true })
    const seen = events(text)
    const chunks = seen.slice(0, -1).map(({ data }) => JSON.parse(data))
    expect(chunks.every(({ choices }) => choices.length === 1)).toBe(true)
    expect(seen.at(-1)?.data).toBe('[DONE]')
    await stop()
    const [produced] = simulator.log()[0]?.produced ?? []
    expect(ledger.records).toMatchObject([
      { source: 'upstream', usage: { input: produced && 'prompt' in produced && produced.prompt } },
    ])
  })

  it('is metered by estimate where an operator set usageInStreams to estimate', async () => {
    const { chat, ledger, stop, simulator } = await open({
      channels: (make) => [make(1, { settings: { usageInStreams: 'estimate' } })],
    })
    const body = { ...question, stream: true }
    await chat(body)
    await stop()
    expect(simulator.log()[0]?.bodyBytes).toBe(JSON.stringify(body).length)
    expect(ledger.records).toMatchObject([{ source: 'estimate', endState: 'finished' }])
    expect(ledger.records[0]?.amountMicro).toBeGreaterThan(0n)
  })

  it('with CRLF line endings loses only its usage event, and is sent with LF', async () => {
    const { chat, simulator, ledger, stop } = await open()
    simulator.script({ behaviour: { kind: 'stream', variant: 'crlf' } })
    const { text } = await chat({ stream: true })
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(text).not.toContain('\r')
    expect(text).not.toContain('"choices":[]')
    await stop()
    expect(ledger.records).toMatchObject([{ source: 'upstream' }])
  })

  it('that arrives a few bytes at a time is complete for the caller', async () => {
    const { chat, simulator } = await open()
    simulator.script({ behaviour: { kind: 'drip', bytes: 7, everyMs: 1 } })
    const seen = events((await chat({ stream: true, max_tokens: 3 })).text)
    expect(seen.at(-1)?.data).toBe('[DONE]')
  })

  it('ends with an error, never as a success, when the upstream connection is cut', async () => {
    const { chat, simulator, ledger, stop, rows, outcomes } = await open()
    simulator.script({ behaviour: { kind: 'cut', afterBytes: 1_000 } })
    const { text, status } = await chat({ stream: true, stream_options: { include_usage: true } })
    expect(status).toBe(200)
    const last = events(text).at(-1)?.data ?? ''
    expect(JSON.parse(last)).toMatchObject({
      error: { code: 'upstream_failed', type: 'server_error' },
    })
    expect(text).not.toContain('[DONE]')
    await stop()
    expect(ledger.records).toMatchObject([{ source: 'estimate', endState: 'cut-by-upstream' }])
    expect(rows).toMatchObject([{ status: 200, errorCode: 'upstream_failed' }])
    expect(outcomes).toMatchObject([{ outcome: { kind: 'failed' } }])
  })

  it('that ends without a completion marker is not reported as complete', async () => {
    const { chat, simulator } = await open()
    simulator.script({ behaviour: { kind: 'stream', variant: 'no-terminal' } })
    const { text } = await chat({ stream: true })
    expect(JSON.parse(events(text).at(-1)?.data ?? '')).toHaveProperty('error')
  })

  it.each(['error-envelope', 'error-event', 'error-flat'] as const)(
    'that fails midway in the form of %s makes every client throw',
    async (variant) => {
      const { chat, simulator } = await open()
      simulator.script({ behaviour: { kind: 'stream', variant } })
      const { text } = await chat({ stream: true })
      const errors = events(text).filter(({ data }) => 'error' in JSON.parse(data))
      expect(errors.length).toBeGreaterThan(0)
    },
  )

  it('from the sandbox is generated in this process and metered like any other', async () => {
    const { chat, ledger, stop } = await open({
      channels: (make) => [make(1, { dialect: 'sandbox' })],
    })
    const whole = await chat()
    expect(JSON.parse(whole.text)).toMatchObject({ object: 'chat.completion' })
    const streamed = events((await chat({ stream: true })).text)
    expect(streamed.at(-1)?.data).toBe('[DONE]')
    expect(streamed.some(({ data }) => data.includes('"choices":[]'))).toBe(false)
    await stop()
    expect(ledger.records).toHaveLength(2)
    expect(ledger.records.every(({ source }) => source === 'upstream')).toBe(true)
  })
})

describe('what is charged', () => {
  it.each([
    [{ prompt_tokens: -1, completion_tokens: 5 }],
    [{ prompt_tokens: 1e308, completion_tokens: 'x' }],
    [null],
  ])('is marked as an estimate when the upstream reports impossible usage: %j', async (usage) => {
    const { chat, simulator, ledger, stop } = await open()
    simulator.script({ behaviour: { kind: 'usage', usage } })
    expect((await chat()).status).toBe(200)
    await stop()
    expect(ledger.records).toMatchObject([{ source: 'estimate' }])
  })

  it('never exceeds the reservation: the platform bears the excess', async () => {
    const { chat, simulator, ledger, stop } = await open()
    const usage = { prompt_tokens: 900_000_000, completion_tokens: 900_000_000 }
    simulator.script({ behaviour: { kind: 'usage', usage } })
    await chat({ max_tokens: 5 })
    await stop()
    const [record] = ledger.records
    expect(record?.amountMicro).toBe(record?.reservedMicro)
    expect(record?.upstreamLossMicro).toBeGreaterThan(1_000_000n)
  })

  it('is nothing for an answer without content', async () => {
    const { chat, simulator, ledger, stop } = await open()
    const choices = [{ index: 0, message: { content: '' }, finish_reason: 'stop' }]
    const usage = { prompt_tokens: 9, completion_tokens: 0 }
    const headers = { 'content-type': 'application/json' }
    const chunks = [JSON.stringify({ choices, usage })]
    simulator.script({ behaviour: { kind: 'raw', headers, chunks } })
    expect((await chat()).status).toBe(200)
    await stop()
    expect(ledger.records).toEqual([])
  })
})
