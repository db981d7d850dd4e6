import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { repeatOnConflict } from './repeat-on-conflict.ts'

const coded = (code: string) => Object.assign(new Error('from the server'), { code })

async function run(failures: Error[]) {
  const clock = fakeClock()
  let turns = 0
  const work = async () => {
    turns += 1
    const failure = failures.shift()
    if (failure) throw failure
    return 'done'
  }
  const outcome = repeatOnConflict({ clock, random: seededRandom(1) }, work).catch(
    (error: unknown) => error,
  )
  for (let second = 0; second < 10; second += 1) await clock.advance(1_000)
  return { outcome: await outcome, turns }
}

describe('a transaction that lost a race', () => {
  it.each(['40001', '40P01', '23505'])('is repeated until it wins (%s)', async (code) => {
    const { outcome, turns } = await run([coded(code), coded(code)])
    expect(outcome).toBe('done')
    expect(turns).toBe(3)
  })

  it('is given up after five repeats, with the reason', async () => {
    const failures = Array.from({ length: 10 }, () => coded('40P01'))
    const { outcome, turns } = await run(failures)
    expect(outcome).toMatchObject({ code: '40P01' })
    expect(turns).toBe(6)
  })
})

describe('a transaction that breaks a rule', () => {
  it('is not repeated', async () => {
    const { outcome, turns } = await run([coded('23514')])
    expect(outcome).toMatchObject({ code: '23514' })
    expect(turns).toBe(1)
  })
})
