import { defineContract } from '@sluice/contracts/define-contract'
import { remainingMsOf } from '@sluice/kernel/deadline'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'
import { z } from 'zod'

import { callWithin } from './call-within.ts'

const contract = defineContract({
  name: 'example',
  version: 1,
  methods: {
    wait: { input: z.object({}), output: z.object({}) },
    count: { input: z.object({}), output: z.object({ leftMs: z.number() }) },
  },
})

function setUp() {
  const clock = fakeClock()
  const signals: AbortSignal[] = []
  const implementation = {
    wait: (_: object, { signal }: { signal?: AbortSignal } = {}) => {
      if (signal) signals.push(signal)
      return new Promise<Record<string, never>>(() => undefined)
    },
    count: async (_: object, { signal }: { signal?: AbortSignal } = {}) => ({
      leftMs: (signal && remainingMsOf(signal)) ?? -1,
    }),
  }
  const port = callWithin(contract, implementation, {
    clock,
    timeoutMs: 5_000,
    longer: { count: 30_000 },
  })
  return { clock, port, signals }
}

test('a call that hangs rejects with unavailable after the limit, and its signal aborts', async () => {
  const { clock, port, signals } = setUp()
  const outcome = Promise.allSettled([port.wait({})])
  await clock.advance(5_000)
  expect(await outcome).toMatchObject([{ reason: { code: 'unavailable' } }])
  expect(signals[0]?.aborted).toBe(true)
})

test('a caller that aborts gets the reason of its own signal', async () => {
  const { port, signals } = setUp()
  const caller = new AbortController()
  const outcome = Promise.allSettled([port.wait({}, { signal: caller.signal })])
  caller.abort(new Error('caller aborted'))
  expect(await outcome).toMatchObject([{ reason: { message: 'caller aborted' } }])
  expect(signals[0]?.aborted).toBe(true)
})

test('the signal carries the remaining time, and a method may have a longer limit', async () => {
  const { port } = setUp()
  expect(await port.count({})).toEqual({ leftMs: 30_000 })
})
