import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { LiveStream } from './live-stream.ts'
import type { LiveSpec, LiveState } from './live-stream.ts'

interface Events {
  task: { n: number }
  end: { state: string }
}

/** An EventSource whose events are dispatched by the test. */
class ManualStream extends EventTarget {
  readyState = 0
  close(): void {
    this.readyState = 2
  }
  emit(name: string, data?: unknown): void {
    if (name === 'open') this.readyState = 1
    const event = new Event(name)
    if (data !== undefined) Object.assign(event, { data: JSON.stringify(data) })
    this.dispatchEvent(event)
  }
}

function setUp(spec: Partial<LiveSpec<Events>> = {}) {
  const clock = fakeClock()
  const streams: ManualStream[] = []
  const received: number[] = []
  const states: LiveState[] = []
  const open = () => {
    const stream = new ManualStream()
    streams.push(stream)
    return stream
  }
  const live = new LiveStream<Events>(
    {
      url: '/events',
      on: { task: ({ n }) => void received.push(n) },
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
  return { live, clock, streams, received, states, last }
}

it('receives events until the last one and then closes without reconnecting', async () => {
  const { received, states, last, streams, clock } = setUp()
  last().emit('open')
  last().emit('task', { n: 1 })
  last().emit('task', { n: 2 })
  last().emit('end', { state: 'done' })
  expect(last().readyState).toBe(2)
  last().emit('task', { n: 3 })
  last().emit('error')
  await clock.advance(60_000)
  expect(received).toEqual([1, 2])
  expect(states).toEqual(['open', 'ended'])
  expect(streams).toHaveLength(1)
})

it('reports a lost connection and leaves the reconnect to the browser', async () => {
  const { states, last, streams, clock } = setUp()
  last().emit('open')
  last().readyState = 0
  last().emit('error')
  expect(states).toEqual(['open', 'waiting'])
  await clock.advance(60_000)
  expect(streams).toHaveLength(1)
  last().emit('open')
  expect(states).toEqual(['open', 'waiting', 'open'])
})

it('retries after a refusal with growing delays, which a success resets', async () => {
  const { last, streams, clock } = setUp()
  const refuse = () => {
    last().close()
    last().emit('error')
  }
  for (const waitMs of [1_000, 2_000, 4_000]) {
    const before = streams.length
    refuse()
    await clock.advance(waitMs - 1)
    expect(streams).toHaveLength(before)
    await clock.advance(1)
    expect(streams).toHaveLength(before + 1)
  }
  last().emit('open')
  refuse()
  await clock.advance(1_000)
  expect(streams).toHaveLength(5)
})

it('can be stopped by onRefused', async () => {
  const { last, streams, states, clock, live } = setUp({ onRefused: () => live.stop() })
  last().close()
  last().emit('error')
  await clock.advance(60_000)
  expect(streams).toHaveLength(1)
  expect(states).toEqual(['waiting', 'ended'])
})

it('receives nothing and does not retry after stop', async () => {
  const { live, last, received, states, streams, clock } = setUp()
  last().close()
  last().emit('error')
  live.stop()
  live.stop()
  last().emit('task', { n: 1 })
  await clock.advance(60_000)
  expect([received, states, streams.length]).toEqual([[], ['waiting', 'ended'], 1])
})
