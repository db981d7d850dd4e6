import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { createHoldReturns } from './hold-returns.ts'

function setUp() {
  const clock = fakeClock()
  const calls: string[] = []
  let isUnavailable = false
  const billing = {
    voidHold: async ({
      ref,
      unlessSubmitted,
    }: {
      ref: string
      unlessSubmitted?: boolean | undefined
    }) => {
      if (ref === 'img_rejected') throw new AppError('internal_error', 'always rejected')
      if (isUnavailable) throw new AppError('unavailable', 'billing is unavailable')
      calls.push(`${ref} ${unlessSubmitted ? 'unless submitted' : 'always'}`)
      return { releasedMicro: 0n }
    },
    closeAllowance: async ({ allowanceId }: { allowanceId: string }) => {
      calls.push(`${allowanceId} closed`)
      return { releasedMicro: 0n }
    },
  }
  const returns = createHoldReturns({ billing, clock, log: recordedLog() })
  const setUnavailable = (value: boolean) => void (isUnavailable = value)
  return { clock, calls, returns, setUnavailable }
}

test('a hold waits while billing is unavailable, and is voided once billing answers', async () => {
  const { calls, returns, setUnavailable } = setUp()
  setUnavailable(true)
  returns.add({ ref: 'img_1', reason: 'job not written' })
  await returns.backgroundTasks()
  expect(returns.waiting()).toBe(1)
  setUnavailable(false)
  await returns.backgroundTasks()
  await returns.backgroundTasks()
  expect(calls).toEqual(['img_1 unless submitted'])
  expect(returns.waiting()).toBe(0)
})

test('a hold that billing always rejects does not delay the others', async () => {
  const { calls, returns } = setUp()
  returns.add({ ref: 'img_rejected', reason: 'job not written' })
  returns.add({ ref: 'img_1', reason: 'job not written' })
  await returns.backgroundTasks()
  expect(calls).toEqual([])
  await returns.backgroundTasks()
  expect(calls).toEqual(['img_1 unless submitted'])
  expect(returns.waiting()).toBe(1)
})

test('a hold that may still be opened is voided a second time, later', async () => {
  const { clock, calls, returns } = setUp()
  returns.add({ ref: 'img_1', reason: 'billing did not answer', unknown: true })
  await returns.backgroundTasks()
  await returns.backgroundTasks()
  expect(calls).toHaveLength(1)
  await clock.advance(30_000)
  await returns.backgroundTasks()
  expect(calls).toHaveLength(2)
  expect(returns.waiting()).toBe(0)
})

test('an allowance that may have been opened is closed', async () => {
  const { calls, returns } = setUp()
  returns.add({ purpose: 'allowance', ref: 'alw_1', reason: 'billing did not answer' })
  await returns.backgroundTasks()
  expect(calls).toEqual(['alw_1 closed'])
})
