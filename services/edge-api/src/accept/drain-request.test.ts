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

test('the rest of a body is read as long as it keeps coming, and no longer than it lasts', async () => {
  const { clock, incoming, over, isOver } = setUp()
  for (let second = 0; second < 5; second += 1) {
    incoming.write(Buffer.alloc(MIB))
    await clock.advance(1_000)
    expect(isOver()).toBe(false)
  }
  incoming.end()
  await over
})

test('a sender who stops, or who never stops, is not waited for', async () => {
  const quiet = setUp()
  quiet.incoming.write(Buffer.alloc(1))
  await quiet.clock.advance(2_000)
  expect(quiet.isOver()).toBe(true)

  const dripping = setUp()
  for (let second = 0; second < 10; second += 1) {
    dripping.incoming.write(Buffer.alloc(1))
    await dripping.clock.advance(1_000)
  }
  expect(dripping.isOver()).toBe(true)

  const pouring = setUp()
  for (let sent = 0; sent <= 128; sent += 1) pouring.incoming.write(Buffer.alloc(MIB))
  await pouring.over
})

test('nothing is waited for when the request is whole, or the caller has left', async () => {
  const { incoming, over, isOver } = setUp()
  incoming.destroy()
  await over
  expect(isOver()).toBe(true)
  const whole = Object.assign(new PassThrough(), { complete: true })
  await drainRequest(whole, { clock: fakeClock() })
})
