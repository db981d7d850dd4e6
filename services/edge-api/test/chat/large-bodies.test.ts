import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { chatHead, rawSocket } from './raw-socket.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { APIKEY, createFixture } from './fixture.ts'

const MIB = 1024 * 1024

let current: Fixture | undefined
const open = async (options: FixtureOptions = {}) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

/** Starts a chat request with a content-length of `length` and sends the first `sent` bytes. */
async function begin(
  { port }: Fixture,
  { sent, length = 19 * MIB }: { sent: number; length?: number },
) {
  const raw = await rawSocket(port)
  raw.socket.write(chatHead({ 'content-length': String(length) }))
  raw.socket.write(Buffer.alloc(sent, 0x20))
  return raw
}

describe('a large body', () => {
  it('of a key without credits is refused before it is read', async () => {
    const withoutCredits = await open({ balanceMicro: 0n })
    const { received } = await begin(withoutCredits, { sent: 0 })
    await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 402 /))
    expect(received()).toContain('insufficient_credit')
  })

  it('of a key that has spent its daily quota is refused before it is read', async () => {
    const spent = await open({ dailyQuotaMicro: 0n })
    const { received } = await begin(spent, { sent: 0 })
    await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 429 /))
    expect(received()).toContain('daily_quota_exceeded')
  })

  it('that stalls is answered with 408 and the connection is closed', async () => {
    const clock = fakeClock(Date.now())
    const slow = await open({ clock })
    const { received, closed } = await begin(slow, { sent: 4 * MIB })
    await vi.waitFor(async () => expect(await usedBytes(slow)).toBe(4 * MIB))
    for (let second = 0; second < 15; second += 1) await clock.advance(1_000)
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 408 /)
    expect(await usedBytes(slow)).toBe(0)
  })

  it('above the memory limit of its key is refused, while a small one is accepted', async () => {
    const bounded = await open({ config: { bodyMemoryPerCallerBytesMax: 3 * MIB } })
    const first = await begin(bounded, { sent: 2 * MIB })
    await vi.waitFor(async () => expect(await usedBytes(bounded)).toBe(2 * MIB))
    const second = await begin(bounded, { sent: 2 * MIB })
    await vi.waitFor(() => expect(second.received()).toMatch(/^HTTP\/1\.1 429 /))
    expect(second.received()).toContain('rate_limit_exceeded')
    // Small bodies are not counted.
    expect((await bounded.chat({ model: 'gpt-5-mini' })).status).not.toBe(429)
    first.socket.destroy()
    await vi.waitFor(async () => expect(await usedBytes(bounded)).toBe(0))
  })

  it('with more JSON values than the limit is refused', async () => {
    const { url } = await open()
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${APIKEY}`, 'content-type': 'application/json' },
      body: `{"model":"gpt-5-mini","messages":[${'{},'.repeat(300_000)}{}]}`,
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('200000 values')
  })
})

async function usedBytes({ deps }: Fixture): Promise<number> {
  const { body } = await deps.metrics.render()
  return Number(/^sluice_edge_body_bytes(?:\{[^}]*\})? (\d+)$/m.exec(body)?.[1])
}
