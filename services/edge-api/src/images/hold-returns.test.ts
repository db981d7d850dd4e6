import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { createHoldReturns } from './hold-returns.ts'

function setUp() {
  const clock = fakeClock()
  const asked: string[] = []
  let isAway = false
  const billing = {
    voidHold: async ({
      ref,
      unlessSubmitted,
    }: {
      ref: string
      unlessSubmitted?: boolean | undefined
    }) => {
      if (ref === 'img_refused') throw new AppError('internal_error', 'refused for ever')
      if (isAway) throw new AppError('unavailable', 'billing is away')
      asked.push(`${ref} ${unlessSubmitted ? 'unless submitted' : 'always'}`)
      return { releasedMicro: 0n }
    },
    closeAllowance: async ({ allowanceId }: { allowanceId: string }) => {
      asked.push(`${allowanceId} closed`)
      return { releasedMicro: 0n }
    },
  }
  const returns = createHoldReturns({ billing, clock, log: recordedLog() })
  return { clock, asked, returns, setAway: (away: boolean) => void (isAway = away) }
}

test('a hold waits while billing is away, and is given back once it answers', async () => {
  const { asked, returns, setAway } = setUp()
  setAway(true)
  returns.add({ ref: 'img_1', reason: 'job not written' })
  await returns.backgroundTasks()
  expect(returns.waiting()).toBe(1)
  setAway(false)
  await returns.backgroundTasks()
  await returns.backgroundTasks()
  expect(asked).toEqual(['img_1 unless submitted'])
  expect(returns.waiting()).toBe(0)
})

test('a hold that billing refuses for ever does not keep the others waiting', async () => {
  const { asked, returns } = setUp()
  returns.add({ ref: 'img_refused', reason: 'job not written' })
  returns.add({ ref: 'img_1', reason: 'job not written' })
  await returns.backgroundTasks()
  expect(asked).toEqual([])
  await returns.backgroundTasks()
  expect(asked).toEqual(['img_1 unless submitted'])
  expect(returns.waiting()).toBe(1)
})

test('a hold that may be opened still is given back a second time, later', async () => {
  const { clock, asked, returns } = setUp()
  returns.add({ ref: 'img_1', reason: 'billing did not answer', unknown: true })
  await returns.backgroundTasks()
  await returns.backgroundTasks()
  expect(asked).toHaveLength(1)
  await clock.advance(30_000)
  await returns.backgroundTasks()
  expect(asked).toHaveLength(2)
  expect(returns.waiting()).toBe(0)
})

test('an allowance that may have been opened is closed', async () => {
  const { asked, returns } = setUp()
  returns.add({ purpose: 'allowance', ref: 'alw_1', reason: 'billing did not answer' })
  await returns.backgroundTasks()
  expect(asked).toEqual(['alw_1 closed'])
})
