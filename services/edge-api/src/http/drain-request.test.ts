import { PassThrough } from 'node:stream'

import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { drainRequest } from './drain-request.ts'

const MIB = 1024 * 1024

function setUp() {
  const clock = fakeClock()
  const incoming = Object.assign(new PassThrough(), { complete: false })
  let isOver = false
  const over = drainRequest(incoming, { clock }).then(() => (isOver = true))
  return { clock, incoming, over, isOver: () => isOver }
}

test('reads the rest of a body while it keeps arriving, and resolves at its end', async () => {
  const { clock, incoming, over, isOver } = setUp()
  for (let second = 0; second < 5; second += 1) {
    incoming.write(Buffer.alloc(MIB))
    await clock.advance(1_000)
    expect(isOver()).toBe(false)
  }
  incoming.end()
  await over
})

test('stops draining when the sender stalls, trickles or exceeds the byte limit', async () => {
  const stalled = setUp()
  stalled.incoming.write(Buffer.alloc(1))
  await stalled.clock.advance(2_000)
  expect(stalled.isOver()).toBe(true)

  const trickling = setUp()
  for (let second = 0; second < 10; second += 1) {
    trickling.incoming.write(Buffer.alloc(1))
    await trickling.clock.advance(1_000)
  }
  expect(trickling.isOver()).toBe(true)

  const flooding = setUp()
  for (let sent = 0; sent <= 128; sent += 1) flooding.incoming.write(Buffer.alloc(MIB))
  await flooding.over
})

test('resolves at once when the request is complete, or the caller has disconnected', async () => {
  const { incoming, over, isOver } = setUp()
  incoming.destroy()
  await over
  expect(isOver()).toBe(true)
  const whole = Object.assign(new PassThrough(), { complete: true })
  await drainRequest(whole, { clock: fakeClock() })
})
