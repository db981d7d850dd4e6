import { EventEmitter } from 'node:events'

import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { createLifecycle } from './lifecycle.ts'
import { runUntilSignal } from './run-until-signal.ts'

function setUp() {
  const log = recordedLog()
  const clock = fakeClock()
  const lifecycle = createLifecycle({ log, clock, drainMs: 60_000 })
  const events = new EventEmitter()
  const exit = Promise.withResolvers<number>()
  const host = {
    on: (event: string, listener: (...facts: unknown[]) => void) => events.on(event, listener),
    exit: (code: number) => exit.resolve(code),
  }
  return {
    log,
    clock,
    lifecycle,
    events,
    exited: exit.promise,
    run: (isHarmless?: (rejection: unknown) => boolean) =>
      runUntilSignal({ lifecycle, log, host, clock, ...(isHarmless && { isHarmless }) }),
  }
}

test('SIGTERM drains and then ends the process without an error', async () => {
  const { lifecycle, events, exited, run } = setUp()
  let drained = false
  lifecycle.add({ name: 'http', stop: async () => void (drained = true) })
  await run()
  events.emit('SIGTERM')
  expect(await exited).toBe(0)
  expect(drained).toBe(true)
})

test('a second signal does not wait for the drain', async () => {
  const { clock, lifecycle, events, exited, run } = setUp()
  lifecycle.add({ name: 'http', stop: () => new Promise(() => undefined) })
  await run()
  events.emit('SIGINT')
  await clock.advance(1_000)
  events.emit('SIGINT')
  expect(await exited).toBe(1)
})

test('a duplicate of the same signal still drains', async () => {
  const { clock, lifecycle, events, exited, run } = setUp()
  const drained = Promise.withResolvers<undefined>()
  lifecycle.add({ name: 'http', stop: () => drained.promise })
  await run()
  events.emit('SIGTERM')
  await clock.advance(5)
  events.emit('SIGTERM')
  drained.resolve(undefined)
  expect(await exited).toBe(0)
})

test('an unhandled rejection is logged and ends the process', async () => {
  const { log, events, exited, run } = setUp()
  await run()
  const err = new Error('forgotten')
  events.emit('unhandledRejection', err)
  expect(await exited).toBe(1)
  expect(log.lines.at(-1)).toMatchObject({ level: 'fatal', facts: { err } })
})

test('a rejection known to be harmless is logged, and the process continues', async () => {
  const { log, events, exited, run } = setUp()
  const harmless = new Error('of a page')
  await run((rejection) => rejection === harmless)
  events.emit('unhandledRejection', harmless)
  expect(log.lines.at(-1)).toMatchObject({ level: 'error', facts: { err: harmless } })
  // An uncaught exception is never harmless: it may have interrupted any operation.
  events.emit('uncaughtException', harmless)
  expect(await exited).toBe(1)
})

test('a part that fails to start ends the process, and its error is logged', async () => {
  const { log, lifecycle, exited, run } = setUp()
  const err = new Error('port is taken')
  lifecycle.add({ name: 'http', start: () => Promise.reject(err) })
  await run()
  expect(await exited).toBe(1)
  expect(log.lines.at(-1)).toMatchObject({ level: 'fatal', facts: { err } })
})
