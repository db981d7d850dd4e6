import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { LiveStream } from './live-stream.ts'
import type { LiveSpec, LiveState } from './live-stream.ts'

interface Events {
  task: { n: number }
  end: { state: string }
}

/** An EventSource whose other end is in our hand. */
class HandStream extends EventTarget {
  readyState = 0
  close(): void {
    this.readyState = 2
  }
  say(name: string, data?: unknown): void {
    if (name === 'open') this.readyState = 1
    const event = new Event(name)
    if (data !== undefined) Object.assign(event, { data: JSON.stringify(data) })
    this.dispatchEvent(event)
  }
}

function setUp(spec: Partial<LiveSpec<Events>> = {}) {
  const clock = fakeClock()
  const streams: HandStream[] = []
  const heard: number[] = []
  const states: LiveState[] = []
  const open = () => {
    const stream = new HandStream()
    streams.push(stream)
    return stream
  }
  const live = new LiveStream<Events>(
    {
      url: '/events',
      on: { task: ({ n }) => void heard.push(n) },
      endsWith: 'end',
      onState: (state) => void states.push(state),
      ...spec,
    },
    { open, clock },
  )
  const last = () => {
    const stream = streams.at(-1)
    if (!stream) throw new Error('no stream was opened')
    return stream
  }
  return { live, clock, streams, heard, states, last }
}

it('hears events until the last one, and then closes for good', async () => {
  const { heard, states, last, streams, clock } = setUp()
  last().say('open')
  last().say('task', { n: 1 })
  last().say('task', { n: 2 })
  last().say('end', { state: 'done' })
  expect(last().readyState).toBe(2)
  last().say('task', { n: 3 })
  last().say('error')
  await clock.advance(60_000)
  expect(heard).toEqual([1, 2])
  expect(states).toEqual(['open', 'ended'])
  expect(streams).toHaveLength(1)
})

it('says that the line is cut, and leaves the next attempt to the browser', async () => {
  const { states, last, streams, clock } = setUp()
  last().say('open')
  last().readyState = 0
  last().say('error')
  expect(states).toEqual(['open', 'waiting'])
  await clock.advance(60_000)
  expect(streams).toHaveLength(1)
  last().say('open')
  expect(states).toEqual(['open', 'waiting', 'open'])
})

it('tries again after a refusal, each time later, and at once again after a success', async () => {
  const { last, streams, clock } = setUp()
  const refuse = () => {
    last().close()
    last().say('error')
  }
  for (const waitMs of [1_000, 2_000, 4_000]) {
    const before = streams.length
    refuse()
    await clock.advance(waitMs - 1)
    expect(streams).toHaveLength(before)
    await clock.advance(1)
    expect(streams).toHaveLength(before + 1)
  }
  last().say('open')
  refuse()
  await clock.advance(1_000)
  expect(streams).toHaveLength(5)
})

it('may be stopped by whoever learns why it was refused', async () => {
  const { last, streams, states, clock, live } = setUp({ onRefused: () => live.stop() })
  last().close()
  last().say('error')
  await clock.advance(60_000)
  expect(streams).toHaveLength(1)
  expect(states).toEqual(['waiting', 'ended'])
})

it('that was stopped hears nothing and tries nothing', async () => {
  const { live, last, heard, states, streams, clock } = setUp()
  last().close()
  last().say('error')
  live.stop()
  live.stop()
  last().say('task', { n: 1 })
  await clock.advance(60_000)
  expect([heard, states, streams.length]).toEqual([[], ['waiting', 'ended'], 1])
})
