import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { createLifecycle } from './lifecycle.ts'

function setUp(drainMs = 10_000) {
  const clock = fakeClock()
  const log = recordedLog()
  const journal: string[] = []
  const lifecycle = createLifecycle({ log, clock, drainMs })
  const add = (name: string) =>
    lifecycle.add({
      name,
      start: async () => void journal.push(`start ${name}`),
      stop: async ({ withinMs }) => void journal.push(`stop ${name} ${withinMs}`),
    })
  return { clock, log, journal, lifecycle, add }
}

test('parts start in order and stop in reverse', async () => {
  const { journal, lifecycle, add } = setUp()
  for (const name of ['database', 'bus', 'http']) add(name)
  await lifecycle.start()
  await lifecycle.stop('SIGTERM')
  expect(journal.map((entry) => entry.replace(/ \d+$/, '')).join(', ')).toBe(
    'start database, start bus, start http, stop http, stop bus, stop database',
  )
})

test('parts stop after the shutdown delay, in which everything keeps running', async () => {
  const clock = fakeClock()
  const journal: string[] = []
  const lifecycle = createLifecycle({
    log: recordedLog(),
    clock,
    drainMs: 1_000,
    shutdownDelayMs: 5_000,
  })
  lifecycle.add({
    name: 'http',
    announceStop: () => void journal.push('announce'),
    stop: async () => void journal.push('stop'),
  })
  await lifecycle.start()
  const stopped = lifecycle.stop('SIGTERM')
  expect(lifecycle.stopping()).toBe(true)
  await clock.advance(4_999)
  expect(journal).toEqual(['announce'])
  await clock.advance(1)
  await stopped
  expect(journal).toEqual(['announce', 'stop'])
})

test('a failed start skips the shutdown delay', async () => {
  const lifecycle = createLifecycle({
    log: recordedLog(),
    clock: fakeClock(),
    drainMs: 1_000,
    shutdownDelayMs: 5_000,
  })
  lifecycle.add({ name: 'http', start: () => Promise.reject(new Error('port taken')) })
  await expect(lifecycle.start()).rejects.toThrow('port taken')
})

test('each part gets its share of the drain time, and unused time goes to the others', async () => {
  const { clock, journal, lifecycle, add } = setUp(10_000)
  add('database')
  lifecycle.add({
    name: 'http',
    weight: 4,
    stop: async ({ withinMs }) => {
      journal.push(`stop http ${withinMs}`)
      await clock.advance(1_000)
    },
  })
  await lifecycle.start()
  await lifecycle.stop('SIGTERM')
  expect(journal).toEqual(['start database', 'stop http 8000', 'stop database 9000'])
})

test('a part that exceeds its time is abandoned, and the others still stop', async () => {
  const { clock, log, journal, lifecycle, add } = setUp(10_000)
  add('database')
  lifecycle.add({ name: 'http', stop: () => new Promise(() => undefined) })
  await lifecycle.start()
  const stopped = lifecycle.stop('SIGTERM')
  await clock.advance(5_000)
  await stopped
  expect(journal).toContain('stop database 5000')
  expect(log.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', facts: { part: 'http', withinMs: 5_000 } }),
  )
})

test('a part that fails to stop does not prevent the others from stopping', async () => {
  const { log, journal, lifecycle, add } = setUp()
  add('database')
  lifecycle.add({ name: 'bus', stop: () => Promise.reject(new Error('broken')) })
  await lifecycle.start()
  await lifecycle.stop('SIGTERM')
  expect(journal.at(-1)).toMatch(/^stop database/)
  expect(log.lines).toContainEqual(
    expect.objectContaining({ level: 'error', message: 'failed to stop' }),
  )
})

test('when a part fails to start, earlier parts are stopped and later ones never start', async () => {
  const { journal, lifecycle, add } = setUp()
  add('database')
  lifecycle.add({ name: 'bus', start: () => Promise.reject(new Error('refused')) })
  add('http')
  await expect(lifecycle.start()).rejects.toThrow('refused')
  expect(journal).toEqual(['start database', 'stop database 10000'])
})

test('a stop during the start also stops the part that is starting', async () => {
  const { journal, lifecycle, add } = setUp()
  let stopped: Promise<void> | undefined
  lifecycle.add({
    name: 'bus',
    start: async () => {
      stopped = lifecycle.stop('SIGTERM')
      await stopped
    },
    stop: async () => void journal.push('stop bus'),
  })
  add('http')
  await lifecycle.start()
  expect(journal).toEqual(['stop bus'])
  expect(lifecycle.stopping()).toBe(true)
})

test('stopping twice stops once', async () => {
  const { journal, lifecycle, add } = setUp()
  add('database')
  await lifecycle.start()
  await Promise.all([lifecycle.stop('SIGTERM'), lifecycle.stop('SIGTERM')])
  expect(journal).toHaveLength(2)
})
