import { defineContract } from '@sluice/contracts/define-contract'
import { remainingMsOf } from '@sluice/kernel/deadline'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'
import { z } from 'zod'

import { callWithin } from './call-within.ts'

const contract = defineContract({
  name: 'stone',
  version: 1,
  methods: {
    wait: { input: z.object({}), output: z.object({}) },
    count: { input: z.object({}), output: z.object({ leftMs: z.number() }) },
  },
})

function setUp() {
  const clock = fakeClock()
  const signals: AbortSignal[] = []
  const stone = {
    wait: (_: object, { signal }: { signal?: AbortSignal } = {}) => {
      if (signal) signals.push(signal)
      return new Promise<Record<string, never>>(() => undefined)
    },
    count: async (_: object, { signal }: { signal?: AbortSignal } = {}) => ({
      leftMs: (signal && remainingMsOf(signal)) ?? -1,
    }),
  }
  const port = callWithin(contract, stone, { clock, timeoutMs: 5_000, longer: { count: 30_000 } })
  return { clock, port, signals }
}

test('an implementation that hangs is unavailable after the limit, and hears that nobody waits', async () => {
  const { clock, port, signals } = setUp()
  const outcome = Promise.allSettled([port.wait({})])
  await clock.advance(5_000)
  expect(await outcome).toMatchObject([{ reason: { code: 'unavailable' } }])
  expect(signals[0]?.aborted).toBe(true)
})

test('a caller who leaves gets the reason of their own signal', async () => {
  const { port, signals } = setUp()
  const caller = new AbortController()
  const outcome = Promise.allSettled([port.wait({}, { signal: caller.signal })])
  caller.abort(new Error('the caller left'))
  expect(await outcome).toMatchObject([{ reason: { message: 'the caller left' } }])
  expect(signals[0]?.aborted).toBe(true)
})

test('the implementation knows how much time is left, and methods may have more of it', async () => {
  const { port } = setUp()
  expect(await port.count({})).toEqual({ leftMs: 30_000 })
})
