import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { Lease, schedulerContract } from '@sluice/contracts/scheduler.contract'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { createSlotQueue } from './slot-queue.ts'

type Grant = (typeof schedulerContract)['methods']['grantLease']
type Answer = OutputOf<Grant>

/** A desk before a scheduler whose answers the test gives one by one. */
function setUp({ slotsMax = 10, waitingMax = 10 } = {}) {
  const clock = fakeClock()
  const requested: { input: InputOf<Grant>; answer: (answer: Answer) => void }[] = []
  const released: string[] = []
  const slotQueue = createSlotQueue({
    clock,
    log: recordedLog(),
    holder: sampleId('run', 1),
    slotsMax,
    waitingMax,
    leaseTtlMs: 30_000,
    scheduler: {
      grantLease: (input) => new Promise((answer) => void requested.push({ input, answer })),
      renewLease: async () => ({ outcome: 'renewed', expiresAt: clock.now() }),
      releaseLease: async ({ leaseId }) => {
        released.push(leaseId)
        return { released: true }
      },
    },
  })
  const obtain = (request: { exclude?: string[]; wallet?: string; urgent?: boolean } = {}) => {
    const leave = new AbortController()
    const ended: string[] = []
    const answer = slotQueue
      .obtain({ model: 'm', wallet: 'a', signal: leave.signal, ...request })
      .catch((error: Error) => ({ outcome: error.message }))
    void answer.then(({ outcome }) => ended.push(outcome))
    return { leave, answer, ended }
  }
  /** Answers the oldest question that was not answered. */
  const say = async (answer: Answer) => {
    requested.shift()?.answer(answer)
    await clock.advance(0)
  }
  const leaseOf = (number: number): Lease => ({
    leaseId: sampleId('lease', number),
    channelId: sampleId('chan', 1),
    credentialId: sampleId('cred', 1),
    fence: number,
    expiresAt: clock.now(),
    secret: { keyId: 'k', box: '' },
  })
  const granted = (number: number): Answer => ({ outcome: 'granted', lease: leaseOf(number) })
  const busy = (afterMs = 60_000): Answer => ({
    outcome: 'busy',
    retryAt: new Date(clock.nowMs() + afterMs),
  })
  return { clock, slotQueue, requested, released, obtain, say, granted, busy }
}

describe('who leaves while the scheduler is being asked', () => {
  it('keeps no credential', async () => {
    const { obtain, say, granted, slotQueue, released } = setUp()
    const { leave, ended } = obtain()
    leave.abort(new Error('gone'))
    await say(granted(1))
    expect(ended).toEqual(['gone'])
    expect(released).toEqual([sampleId('lease', 1)])
    expect(slotQueue.generating).toBe(0)
  })

  it('keeps none either after waiting, and does not wait on', async () => {
    const { clock, obtain, say, granted, busy, slotQueue, released, requested } = setUp()
    const [first, second] = [obtain(), obtain()]
    await say(busy(100))
    await say(busy(100))
    await clock.advance(100)
    first.leave.abort(new Error('gone'))
    await say(granted(1))
    expect(first.ended).toEqual(['gone'])
    expect(released).toEqual([sampleId('lease', 1)])
    second.leave.abort(new Error('gone, too'))
    await say(busy())
    expect(second.ended).toEqual(['gone, too'])
    expect([slotQueue.waiting, slotQueue.generating, requested.length]).toEqual([0, 0, 0])
  })

  it('is let go at once from the line', async () => {
    const { obtain, say, busy, slotQueue, clock, requested } = setUp()
    const { leave, ended } = obtain()
    await say(busy())
    expect(slotQueue.waiting).toBe(1)
    leave.abort(new Error('gone'))
    await clock.advance(0)
    expect([ended, slotQueue.waiting]).toEqual([['gone'], 0])
    await clock.advance(60_000)
    expect(requested).toHaveLength(0)
  })
})

describe('a credential that comes free', () => {
  it('while the scheduler is being asked is not missed', async () => {
    const { clock, obtain, say, busy, granted, slotQueue, requested } = setUp()
    const { ended } = obtain()
    slotQueue.onLeaseFreed()
    await say(busy())
    await clock.advance(0)
    expect(requested).toHaveLength(1)
    await say(granted(1))
    expect(ended).toEqual(['granted'])
  })

  it('is asked for once, by whose turn it is', async () => {
    const { obtain, say, busy, granted, slotQueue, requested } = setUp()
    const first = obtain({ wallet: 'a' })
    await say(busy())
    const [second, other, urgent] = [
      obtain({ wallet: 'a' }),
      obtain({ wallet: 'b' }),
      obtain({ wallet: 'c', urgent: true }),
    ]
    for (const { ended, number } of [
      { ended: urgent.ended, number: 1 },
      { ended: first.ended, number: 2 },
      { ended: other.ended, number: 3 },
    ]) {
      slotQueue.onLeaseFreed()
      expect(requested).toHaveLength(1)
      await say(granted(number))
      expect(ended).toEqual(['granted'])
      await say(busy())
    }
    expect([second.ended, slotQueue.waiting]).toEqual([[], 1])
  })

  it('is offered past one who must not have it', async () => {
    const { obtain, say, busy, granted, slotQueue, requested } = setUp()
    const choosy = obtain({ exclude: [sampleId('cred', 1)], urgent: true })
    await say(busy())
    const easy = obtain()
    slotQueue.onLeaseFreed()
    await say(busy())
    expect(requested[0]?.input.exclude).toEqual([])
    await say(granted(1))
    expect([choosy.ended, easy.ended]).toEqual([[], ['granted']])
  })
})

describe('a runner that is full', () => {
  it('asks for nothing until it has room again', async () => {
    const { obtain, say, granted, slotQueue, requested } = setUp({ slotsMax: 1 })
    const first = obtain()
    const second = obtain()
    expect(requested).toHaveLength(1)
    await say(granted(1))
    slotQueue.onLeaseFreed()
    expect(requested).toHaveLength(0)
    const answer = await first.answer
    if ('slot' in answer) answer.slot.free()
    await say(granted(2))
    expect(second.ended).toEqual(['granted'])
  })

  it('sends the newest of the largest crowd away', async () => {
    const { obtain, say, busy, slotQueue, clock } = setUp({ waitingMax: 2 })
    const waiting = [obtain({ wallet: 'a' })]
    await say(busy())
    waiting.push(obtain({ wallet: 'a' }), obtain({ wallet: 'b' }))
    await clock.advance(0)
    expect(waiting.map(({ ended }) => ended)).toEqual([[], ['crowded'], []])
    expect([slotQueue.waiting, slotQueue.turnedAway]).toEqual([2, 1])
  })
})

it('a scheduler that fails is asked again a second later', async () => {
  const clock = fakeClock()
  let calls = 0
  const slotQueue = createSlotQueue({
    clock,
    log: recordedLog(),
    holder: sampleId('run', 1),
    slotsMax: 1,
    waitingMax: 1,
    leaseTtlMs: 30_000,
    scheduler: {
      grantLease: async () => {
        calls += 1
        throw new Error('away')
      },
      renewLease: async () => ({ outcome: 'lost' }),
      releaseLease: async () => ({ released: false }),
    },
  })
  const leave = new AbortController()
  const answer = slotQueue.obtain({ model: 'm', wallet: 'a', signal: leave.signal })
  await clock.advance(0)
  for (let seconds = 0; seconds < 3; seconds += 1) await clock.advance(1_000)
  expect(calls).toBe(4)
  leave.abort(new Error('gone'))
  await expect(answer).rejects.toThrow('gone')
})
