import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'

import { chatRequest, rawSocket } from './raw-socket.ts'
import { keyHash } from '../../src/auth/key-hash.ts'
import { sampleKey } from '../../src/testing/sample-user.ts'
import { id } from './ids.ts'
import { turns, until } from './time.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { APIKEY, question, createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const slowStream = { simulator: { streamGapMs: 5, answerWords: 400 } }
const stream = { ...question, stream: true }

describe('a caller who disconnects', () => {
  it('in mid-stream aborts the upstream call and pays for what was delivered', async () => {
    const { port, simulator, ledger, stop, rows } = await open(slowStream)
    const { socket, received } = await rawSocket(port)
    socket.write(chatRequest(stream))
    await until(() => received().split('\n\n').length > 10)
    socket.destroy()
    await until(() => simulator.log()[0]?.end === 'client-gone')
    await stop()
    const [record] = ledger.records
    expect(record).toMatchObject({ source: 'estimate', endState: 'cut-by-caller' })
    expect(record?.usage).toMatchObject({ kind: 'tokens' })
    expect(record?.amountMicro).toBeLessThan(record?.reservedMicro ?? 0n)
    expect(rows).toMatchObject([{ errorCode: 'caller_gone' }])
    expect(ledger.availableMicro()).toBe(1_000_000_000n - (record?.amountMicro ?? 0n))
  })

  it('before the first content pays nothing', async () => {
    const { port, simulator, ledger, stop } = await open()
    simulator.script({ behaviour: { kind: 'hang', at: 'request' } })
    const { socket } = await rawSocket(port)
    socket.write(chatRequest(stream))
    await until(() => simulator.log().length === 1)
    socket.destroy()
    await until(() => simulator.log()[0]?.end === 'client-gone')
    await stop()
    expect(ledger.records).toEqual([])
    expect(ledger.availableMicro()).toBe(1_000_000_000n)
  })

  it('at any moment leaves no upstream call and no reservation open', async () => {
    const { port, edge, ledger, stop, simulator } = await open(slowStream)
    for (let offset = 0; offset < 40; offset += 1) {
      const { socket, bytes } = await rawSocket(port)
      socket.write(chatRequest(stream))
      await until(() => bytes() >= offset * 120)
      if (offset % 2 === 0) socket.destroy()
      else socket.resetAndDestroy()
    }
    await until(() => simulator.log().every(({ end }) => end !== null))
    await stop()
    expect(ledger.open()).toBe(0)
    const paid = ledger.records.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)
    expect(ledger.availableMicro()).toBe(1_000_000_000n - paid)
    expect(edge.app).toBeDefined()
  })
})

describe('a caller who reads slowly', () => {
  it('slows the upstream down by backpressure instead of filling memory', async () => {
    const { port, simulator, edge } = await open({ simulator: { answerWords: 60_000 } })
    const { socket, bytes } = await rawSocket(port)
    socket.pause()
    socket.write(chatRequest({ ...stream, max_tokens: 60_000 }))
    await until(() => simulator.log().length === 1)
    const before = process.memoryUsage().arrayBuffers
    await turns(3_000)
    const grown = process.memoryUsage().arrayBuffers - before
    expect(simulator.log()[0]?.end).toBeNull()
    expect(grown).toBeLessThan(16 * 1024 * 1024)
    socket.resume()
    await until(() => simulator.log()[0]?.end === 'answered')
    await until(() => bytes() > 8 * 1024 * 1024)
    socket.destroy()
    expect(edge.app).toBeDefined()
  })

  it('is disconnected after a minute without reading', async () => {
    const clock = fakeClock()
    const { port, simulator } = await open({ clock, simulator: { answerWords: 60_000 } })
    const { socket, closed } = await rawSocket(port)
    socket.pause()
    socket.write(chatRequest({ ...stream, max_tokens: 60_000 }))
    await until(() => simulator.log().length === 1)
    await turns(2_000)
    for (let s = 0; s < 65; s += 1) {
      await clock.advance(1_000)
      await turns(2)
    }
    await until(() => simulator.log()[0]?.end === 'client-gone')
    socket.resume()
    await closed
    expect(simulator.log()).toHaveLength(1)
  })
})

describe('a caller who repeats an Idempotency-Key', () => {
  const withKey = { 'idempotency-key': 'order-17' }

  it('gets the same bytes again and pays once', async () => {
    const { chat, simulator, ledger, stop } = await open()
    const first = await chat({}, withKey)
    const again = await chat({}, withKey)
    expect(again.text).toBe(first.text)
    expect(again.headers['content-type']).toBe(first.headers['content-type'])
    expect(again.headers['x-request-id']).toBe(first.headers['x-request-id'])
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(simulator.log()).toHaveLength(1)
    await stop()
    expect(ledger.records).toHaveLength(1)
  })

  it('gets the same stream again, event by event', async () => {
    const { chat, simulator } = await open()
    const first = await chat({ stream: true }, withKey)
    const again = await chat({ stream: true }, withKey)
    expect(again.text).toBe(first.text)
    expect(again.headers['content-type']).toContain('text/event-stream')
    expect(simulator.log()).toHaveLength(1)
  })

  it('waits for the first answer while that is still running', async () => {
    const { chat, simulator } = await open()
    simulator.script({ latencyMs: 250 })
    const answers = await Promise.all([chat({}, withKey), chat({}, withKey), chat({}, withKey)])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(simulator.log()).toHaveLength(1)
  })

  it('too often in parallel gets 429, while repeats with other keys still wait', async () => {
    const { chat, url, simulator, keyStore, deps } = await open()
    const other = 'sk-of-another-caller'
    const hash = keyHash(deps.pepper)(other)
    await keyStore.insertKey(sampleKey({ id: id('key', 2), wallet: id('wal', 1), hash }))
    simulator.script({ behaviour: { kind: 'hang', at: 'request' } })
    const abort = new AbortController()
    const refused: { status: number; retryAfter: string | null; text: string }[] = []
    const sendRepeat = async () => {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${APIKEY}`, ...withKey },
        body: JSON.stringify(question),
        signal: abort.signal,
      })
      const { status, headers } = answer
      refused.push({ status, retryAfter: headers.get('retry-after'), text: await answer.text() })
    }
    const first = sendRepeat()
    await until(() => simulator.log().length === 1)
    const repeats = Array.from({ length: 80 }, sendRepeat)
    await until(() => refused.length === 16)
    for (const { status, retryAfter, text } of refused) {
      expect([status, retryAfter]).toEqual([429, '5'])
      expect(JSON.parse(text).error.code).toBe('rate_limit_exceeded')
    }
    const otherHeaders = { authorization: `Bearer ${other}`, ...withKey }
    simulator.script({ latencyMs: 250 })
    const answers = await Promise.all([chat({}, otherHeaders), chat({}, otherHeaders)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    abort.abort()
    await Promise.allSettled([first, ...repeats])
    expect(refused).toHaveLength(16)
    // Ends the first call, which continues after its caller has left so that a repeat can get its answer.
    await simulator.close()
  })

  it('with another body gets a 422 conflict', async () => {
    const { chat, simulator } = await open()
    await chat({}, withKey)
    const other = await chat({ temperature: 1 }, withKey)
    expect(other.status).toBe(422)
    expect(JSON.parse(other.text).error.code).toBe('idempotency_conflict')
    expect(simulator.log()).toHaveLength(1)
  })

  it('after an uncharged failure gets a new attempt', async () => {
    const { chat, simulator } = await open()
    simulator.script({ behaviour: { kind: 'status', status: 500 } })
    expect((await chat({}, withKey)).status).toBe(502)
    expect((await chat({}, withKey)).status).toBe(200)
  })

  it('gets the complete answer after disconnecting in mid-stream', async () => {
    const { port, chat, simulator } = await open({ simulator: { streamGapMs: 2, answerWords: 60 } })
    const { socket, received } = await rawSocket(port)
    const text = JSON.stringify(stream)
    const head = chatRequest(stream).replace(
      'content-length',
      'idempotency-key: order-17\r\ncontent-length',
    )
    expect(head).toContain(text)
    socket.write(head)
    await until(() => received().split('\n\n').length > 4)
    socket.destroy()
    const again = await chat({ stream: true }, withKey)
    expect(again.text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(simulator.log()).toMatchObject([{ end: 'answered' }])
  })

  it('with an invalid value gets 400 that names the header', async () => {
    const { chat } = await open()
    for (const key of ['x'.repeat(256), '']) {
      const { status, text } = await chat({}, { 'idempotency-key': key })
      expect(status).toBe(400)
      expect(JSON.parse(text).error.param).toBe('Idempotency-Key')
    }
  })
})
