import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, it } from 'vitest'

import { repeat } from './repeat.ts'

function setUp() {
  const clock = fakeClock()
  const log = recordedLog()
  const runs: { end: (error?: Error) => void }[] = []
  const run = () =>
    new Promise<void>((resolve, reject) => {
      runs.push({ end: (error) => (error ? reject(error) : resolve()) })
    })
  const repeated = repeat({ name: 'sweep', everyMs: 1_000, run, clock, log })
  return { clock, log, runs, repeated }
}

it('runs at the interval, and never concurrently', async () => {
  const { clock, runs } = setUp()
  await clock.advance(3_500)
  expect(runs).toHaveLength(1)
  runs[0]?.end()
  await clock.advance(0)
  expect(runs).toHaveLength(2)
})

it('runs at once on now(), and parallel calls share the run', async () => {
  const { runs, repeated, clock } = setUp()
  const [first, second] = [repeated.now(), repeated.now()]
  await clock.advance(0)
  expect(runs).toHaveLength(1)
  runs[0]?.end()
  await Promise.all([first, second])
})

it('continues after a failure, and logs once when it fails and once when it recovers', async () => {
  const { clock, runs, log } = setUp()
  for (const error of [new Error('unavailable'), new Error('unavailable'), undefined]) {
    await clock.advance(1_000)
    runs.at(-1)?.end(error)
    await clock.advance(0)
  }
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
})

it('starts no run after stop(), which waits for the running one', async () => {
  const { clock, runs, repeated } = setUp()
  await clock.advance(1_000)
  let stopped = false
  const stopping = repeated.stop().then(() => (stopped = true))
  await clock.advance(5_000)
  expect([runs.length, stopped]).toEqual([1, false])
  runs[0]?.end()
  await stopping
  await clock.advance(5_000)
  expect(runs).toHaveLength(1)
})
