import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { Lease, schedulerContract } from '@sluice/contracts/scheduler.contract'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { createSlotQueue } from './slot-queue.ts'

type Grant = (typeof schedulerContract)['methods']['grantLease']
type GrantResponse = OutputOf<Grant>

/** A slot queue with a scheduler whose responses the test sends one by one. */
function setUp({ slotsMax = 10, waitingMax = 10 } = {}) {
  const clock = fakeClock()
  const requested: { input: InputOf<Grant>; resolve: (response: GrantResponse) => void }[] = []
  const released: string[] = []
  const slotQueue = createSlotQueue({
    clock,
    log: recordedLog(),
    holder: sampleId('run', 1),
    slotsMax,
    waitingMax,
    leaseTtlMs: 30_000,
    scheduler: {
      grantLease: (input) => new Promise((resolve) => void requested.push({ input, resolve })),
      renewLease: async () => ({ outcome: 'renewed', expiresAt: clock.now() }),
      releaseLease: async ({ leaseId }) => {
        released.push(leaseId)
        return { released: true }
      },
    },
  })
  const acquire = (request: { exclude?: string[]; wallet?: string; urgent?: boolean } = {}) => {
    const abort = new AbortController()
    const ended: string[] = []
    const result = slotQueue
      .acquire({ model: 'm', wallet: 'a', signal: abort.signal, ...request })
      .catch((error: Error) => ({ outcome: error.message }))
    void result.then(({ outcome }) => ended.push(outcome))
    return { abort, result, ended }
  }
  /** Responds to the oldest pending request. */
  const respond = async (response: GrantResponse) => {
    requested.shift()?.resolve(response)
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
  const granted = (number: number): GrantResponse => ({
    outcome: 'granted',
    lease: leaseOf(number),
  })
  const busy = (afterMs = 60_000): GrantResponse => ({
    outcome: 'busy',
    retryAt: new Date(clock.nowMs() + afterMs),
  })
  return { clock, slotQueue, requested, released, acquire, respond, granted, busy }
}

describe('a request that is aborted during the call of the scheduler', () => {
  it('releases a granted lease', async () => {
    const { acquire, respond, granted, slotQueue, released } = setUp()
    const { abort, ended } = acquire()
    abort.abort(new Error('aborted'))
    await respond(granted(1))
    expect(ended).toEqual(['aborted'])
    expect(released).toEqual([sampleId('lease', 1)])
    expect(slotQueue.generating).toBe(0)
  })

  it('releases a lease granted after waiting, and leaves the queue', async () => {
    const { clock, acquire, respond, granted, busy, slotQueue, released, requested } = setUp()
    const [first, second] = [acquire(), acquire()]
    await respond(busy(100))
    await respond(busy(100))
    await clock.advance(100)
    first.abort.abort(new Error('aborted'))
    await respond(granted(1))
    expect(first.ended).toEqual(['aborted'])
    expect(released).toEqual([sampleId('lease', 1)])
    second.abort.abort(new Error('aborted, too'))
    await respond(busy())
    expect(second.ended).toEqual(['aborted, too'])
    expect([slotQueue.waiting, slotQueue.generating, requested.length]).toEqual([0, 0, 0])
  })

  it('is removed from the queue at once', async () => {
    const { acquire, respond, busy, slotQueue, clock, requested } = setUp()
    const { abort, ended } = acquire()
    await respond(busy())
    expect(slotQueue.waiting).toBe(1)
    abort.abort(new Error('aborted'))
    await clock.advance(0)
    expect([ended, slotQueue.waiting]).toEqual([['aborted'], 0])
    await clock.advance(60_000)
    expect(requested).toHaveLength(0)
  })
})

describe('a freed credential', () => {
  it('is not missed while a call of the scheduler is running', async () => {
    const { clock, acquire, respond, busy, granted, slotQueue, requested } = setUp()
    const { ended } = acquire()
    slotQueue.onLeaseFreed()
    await respond(busy())
    await clock.advance(0)
    expect(requested).toHaveLength(1)
    await respond(granted(1))
    expect(ended).toEqual(['granted'])
  })

  it('is requested once, in the order of the queue', async () => {
    const { acquire, respond, busy, granted, slotQueue, requested } = setUp()
    const first = acquire({ wallet: 'a' })
    await respond(busy())
    const [second, other, urgent] = [
      acquire({ wallet: 'a' }),
      acquire({ wallet: 'b' }),
      acquire({ wallet: 'c', urgent: true }),
    ]
    for (const { ended, number } of [
      { ended: urgent.ended, number: 1 },
      { ended: first.ended, number: 2 },
      { ended: other.ended, number: 3 },
    ]) {
      slotQueue.onLeaseFreed()
      expect(requested).toHaveLength(1)
      await respond(granted(number))
      expect(ended).toEqual(['granted'])
      await respond(busy())
    }
    expect([second.ended, slotQueue.waiting]).toEqual([[], 1])
  })

  it('is granted to the next request when the first one excludes it', async () => {
    const { acquire, respond, busy, granted, slotQueue, requested } = setUp()
    const restricted = acquire({ exclude: [sampleId('cred', 1)], urgent: true })
    await respond(busy())
    const unrestricted = acquire()
    slotQueue.onLeaseFreed()
    await respond(busy())
    expect(requested[0]?.input.exclude).toEqual([])
    await respond(granted(1))
    expect([restricted.ended, unrestricted.ended]).toEqual([[], ['granted']])
  })
})

describe('a runner without a free slot', () => {
  it('requests no lease until a slot is free', async () => {
    const { acquire, respond, granted, slotQueue, requested } = setUp({ slotsMax: 1 })
    const first = acquire()
    const second = acquire()
    expect(requested).toHaveLength(1)
    await respond(granted(1))
    slotQueue.onLeaseFreed()
    expect(requested).toHaveLength(0)
    const result = await first.result
    if ('slot' in result) result.slot.free()
    await respond(granted(2))
    expect(second.ended).toEqual(['granted'])
  })

  it('rejects the newest request of the wallet with the most', async () => {
    const { acquire, respond, busy, slotQueue, clock } = setUp({ waitingMax: 2 })
    const waiting = [acquire({ wallet: 'a' })]
    await respond(busy())
    waiting.push(acquire({ wallet: 'a' }), acquire({ wallet: 'b' }))
    await clock.advance(0)
    expect(waiting.map(({ ended }) => ended)).toEqual([[], ['queue-full'], []])
    expect([slotQueue.waiting, slotQueue.rejectedCount]).toEqual([2, 1])
  })
})

it('a failed call of the scheduler is retried after a second', async () => {
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
        throw new Error('unavailable')
      },
      renewLease: async () => ({ outcome: 'lost' }),
      releaseLease: async () => ({ released: false }),
    },
  })
  const abort = new AbortController()
  const result = slotQueue.acquire({ model: 'm', wallet: 'a', signal: abort.signal })
  await clock.advance(0)
  for (let seconds = 0; seconds < 3; seconds += 1) await clock.advance(1_000)
  expect(calls).toBe(4)
  abort.abort(new Error('aborted'))
  await expect(result).rejects.toThrow('aborted')
})
