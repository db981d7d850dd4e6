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

it('does it every so often, and never twice at once', async () => {
  const { clock, runs } = setUp()
  await clock.advance(3_500)
  expect(runs).toHaveLength(1)
  runs[0]?.end()
  await clock.advance(0)
  expect(runs).toHaveLength(2)
})

it('does it at once when asked, for all who ask meanwhile', async () => {
  const { runs, repeated, clock } = setUp()
  const [first, second] = [repeated.now(), repeated.now()]
  await clock.advance(0)
  expect(runs).toHaveLength(1)
  runs[0]?.end()
  await Promise.all([first, second])
})

it('goes on after a failure, and says once that it fails and once that it works', async () => {
  const { clock, runs, log } = setUp()
  for (const error of [new Error('away'), new Error('away'), undefined]) {
    await clock.advance(1_000)
    runs.at(-1)?.end(error)
    await clock.advance(0)
  }
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
})

it('begins nothing after it was stopped, and waits for what runs', async () => {
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
