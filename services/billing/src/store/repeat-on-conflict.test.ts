import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { repeatOnConflict } from './repeat-on-conflict.ts'

const coded = (code: string) => Object.assign(new Error('from the server'), { code })

async function run(failures: Error[]) {
  const clock = fakeClock()
  let attempts = 0
  const work = async () => {
    attempts += 1
    const failure = failures.shift()
    if (failure) throw failure
    return 'done'
  }
  const outcome = repeatOnConflict({ clock, random: seededRandom(1) }, work).catch(
    (error: unknown) => error,
  )
  for (let second = 0; second < 10; second += 1) await clock.advance(1_000)
  return { outcome: await outcome, attempts }
}

describe('a transaction that failed with a conflict', () => {
  it.each(['40001', '40P01', '23505'])('is retried until it succeeds (%s)', async (code) => {
    const { outcome, attempts } = await run([coded(code), coded(code)])
    expect(outcome).toBe('done')
    expect(attempts).toBe(3)
  })

  it('fails with the last error after five retries', async () => {
    const failures = Array.from({ length: 10 }, () => coded('40P01'))
    const { outcome, attempts } = await run(failures)
    expect(outcome).toMatchObject({ code: '40P01' })
    expect(attempts).toBe(6)
  })
})

describe('a transaction that violates a constraint', () => {
  it('is not retried', async () => {
    const { outcome, attempts } = await run([coded('23514')])
    expect(outcome).toMatchObject({ code: '23514' })
    expect(attempts).toBe(1)
  })
})
