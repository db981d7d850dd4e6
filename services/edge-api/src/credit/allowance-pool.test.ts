import type { Billing } from '@sluice/contracts/billing.contract'
import { AppError } from '@sluice/kernel/app-error'
import { seededRandom } from '@sluice/kernel/random'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { createAllowancePool } from './allowance-pool.ts'
import type { Reservation } from './wallet-allowances.ts'

interface Granted {
  wallet: string
  amountMicro: bigint
  expiresAtMs: number
  open: boolean
}

/** Billing according to its contract: fair shares, expiring leases, refusals. */
function fakeBilling({ balanceMicro, clock }: { balanceMicro: bigint; clock: FakeClock }) {
  const granted = new Map<string, Granted>()
  const ledger = {
    availableMicro: balanceMicro,
    down: false,
    granted,
    opened: 0,
    refused: 0,
    spentMicro: new Map<string, bigint>(),
    /** Spending reported by usage records; deducted from the allowance when it closes. */
    spend: (id: string, amountMicro: bigint) =>
      ledger.spentMicro.set(id, (ledger.spentMicro.get(id) ?? 0n) + amountMicro),
  }
  const answer = async <Value>(value: () => Value): Promise<Value> => {
    await clock.sleep(1)
    if (ledger.down) throw new AppError('unavailable', 'unavailable')
    return value()
  }
  const billing: Pick<Billing, 'openAllowance' | 'renewAllowances' | 'closeAllowance'> = {
    openAllowance: ({ allowanceId, wallet, needMicro, wantMicro, leaseMs }) =>
      answer(() => {
        if (ledger.availableMicro < needMicro) {
          ledger.refused += 1
          const { availableMicro } = ledger
          return { outcome: 'refused' as const, requiredMicro: needMicro, availableMicro }
        }
        const share = ledger.availableMicro / 2n
        const amountMicro = share < needMicro ? needMicro : share < wantMicro ? share : wantMicro
        ledger.availableMicro -= amountMicro
        ledger.opened += 1
        const expiresAtMs = clock.nowMs() + leaseMs
        granted.set(allowanceId, { wallet, amountMicro, expiresAtMs, open: true })
        return { outcome: 'opened' as const, amountMicro, expiresAt: new Date(expiresAtMs) }
      }),
    renewAllowances: ({ allowanceIds, leaseMs }) =>
      answer(() => {
        const open = allowanceIds.filter((id) => {
          const one = granted.get(id)
          return one?.open === true && one.expiresAtMs > clock.nowMs()
        })
        const expiresAtMs = clock.nowMs() + leaseMs
        for (const id of open) Object.assign(granted.get(id) ?? {}, { expiresAtMs })
        return {
          open: open.map((allowanceId) => ({ allowanceId, expiresAt: new Date(expiresAtMs) })),
        }
      }),
    closeAllowance: ({ allowanceId }) =>
      answer(() => {
        const one = granted.get(allowanceId)
        if (!one?.open) return { releasedMicro: 0n }
        one.open = false
        const releasedMicro = one.amountMicro - (ledger.spentMicro.get(allowanceId) ?? 0n)
        ledger.availableMicro += releasedMicro
        return { releasedMicro }
      }),
  }
  return { billing, ledger }
}

function rig(balanceMicro: bigint, { seed = 1 } = {}) {
  const clock = fakeClock()
  const { billing, ledger } = fakeBilling({ balanceMicro, clock })
  const state = { hasUnsentRecords: false, returned: [] as string[] }
  const pool = createAllowancePool({
    billing,
    edge: 'edge_1',
    settleNow: async () => !state.hasUnsentRecords,
    returns: { add: ({ ref }) => void state.returned.push(ref) },
    clock,
    random: seededRandom(seed),
    log: recordedLog(),
  })
  return { clock, ledger, pool, state }
}

/** Advances the clock in small steps until the promise has settled. */
async function settled<Value>(clock: FakeClock, promise: Promise<Value>): Promise<Value> {
  const state = { over: false }
  const end = () => (state.over = true)
  void promise.then(end, end)
  for (let ms = 0; ms < 1_000 && !state.over; ms += 1) await clock.advance(1)
  return promise
}

const outcome = (reserving: Promise<Reservation>) =>
  reserving.then(
    (reservation) => reservation,
    (error: AppError) => error.code,
  )

describe('paying for calls out of allowances', () => {
  it('bounds the waiting calls per wallet', async () => {
    const { clock, pool } = rig(1_000_000_000n)
    for (let n = 0; n < 5_000; n += 1) void pool.reserve('wal_1', 1n)
    expect(await outcome(pool.reserve('wal_1', 1n))).toBe('rate_limit_exceeded')
    expect(await settled(clock, pool.reserve('wal_2', 1n))).toMatchObject({ wallet: 'wal_2' })
  })
  it('calls billing a few times for a burst, and then decides in memory', async () => {
    const { clock, ledger, pool } = rig(1_000_000n)
    const burst = Array.from({ length: 50 }, () => pool.reserve('wal_1', 100n))
    await clock.advance(10)
    const reserved = await Promise.all(burst)
    expect(reserved).toHaveLength(50)
    expect(ledger.opened).toBeLessThanOrEqual(3)
    for (const one of reserved) pool.spend(one, 1n)
    const opened = ledger.opened
    for (let calls = 0; calls < 200; calls += 1) {
      const reservation = pool.tryReserve('wal_1', 100n)
      if (reservation) pool.spend(reservation, 1n)
    }
    expect(ledger.opened).toBe(opened)
  })

  it('refuses with 402 only when billing refuses', async () => {
    const { clock, ledger, pool } = rig(1_000n)
    const [expensive, cheap] = [
      outcome(pool.reserve('wal_1', 1_001n)),
      outcome(pool.reserve('wal_1', 900n)),
    ]
    await clock.advance(20)
    expect(await expensive).toBe('insufficient_credit')
    expect(await cheap).toMatchObject({ amountMicro: 900n })
    expect(ledger.refused).toBeGreaterThanOrEqual(1)
  })

  it('a call that does not fit is not overtaken by later calls', async () => {
    const { clock, pool } = rig(100_000n)
    const first = pool.reserve('wal_1', 100n)
    await clock.advance(5)
    await first
    const expensive = pool.reserve('wal_1', 40_000n)
    expect(pool.tryReserve('wal_1', 1n)).toBeUndefined()
    await clock.advance(5)
    expect((await expensive).amountMicro).toBe(40_000n)
  })

  it('closes idle allowances before it refuses a call for insufficient credit', async () => {
    const { clock, ledger, pool } = rig(1_000n)
    const small = pool.reserve('wal_1', 10n)
    await clock.advance(5)
    pool.spend(await small, 10n)
    ledger.spend([...ledger.granted.keys()][0] ?? '', 10n)
    const large = pool.reserve('wal_1', 900n)
    await clock.advance(20)
    expect((await large).amountMicro).toBe(900n)
  })

  it('keeps an allowance open while its usage records may still be unsent', async () => {
    const { clock, ledger, pool, state } = rig(1_000n)
    state.hasUnsentRecords = true
    const small = pool.reserve('wal_1', 10n)
    await clock.advance(5)
    pool.spend(await small, 10n)
    const large = outcome(pool.reserve('wal_1', 900n))
    await clock.advance(20)
    expect(await large).toBe('insufficient_credit')
    expect([...ledger.granted.values()].every(({ open }) => open)).toBe(true)
  })

  it('answers unavailable without billing, and spends open allowances until their leases end', async () => {
    const { clock, ledger, pool } = rig(1_000_000n)
    const first = pool.reserve('wal_1', 10n)
    await clock.advance(5)
    pool.spend(await first, 10n)
    ledger.down = true
    const other = outcome(pool.reserve('wal_2', 10n))
    await clock.advance(5)
    expect(await other).toBe('unavailable')
    await clock.advance(40_000)
    expect(pool.tryReserve('wal_1', 10n)).toBeDefined()
    await clock.advance(10_000)
    expect(pool.tryReserve('wal_1', 10n)).toBeUndefined()
  })

  it('times out when billing does not respond', async () => {
    const { clock, pool, ledger } = rig(1_000n)
    ledger.down = true
    const reserving = outcome(pool.reserve('wal_1', 10n))
    await clock.advance(6_000)
    expect(await reserving).toBe('unavailable')
  })

  it('renews an allowance while a call runs, and closes it when it is idle', async () => {
    const { clock, ledger, pool } = rig(1_000n)
    const long = pool.reserve('wal_1', 10n)
    await clock.advance(5)
    const reservation = await long
    const tick = async () => {
      await settled(clock, pool.backgroundTasks())
      await clock.advance(5_000)
    }
    for (let ticks = 0; ticks < 60; ticks += 1) await tick()
    const [allowance] = ledger.granted.values()
    expect(allowance).toMatchObject({ open: true })
    expect(allowance?.expiresAtMs).toBeGreaterThan(clock.nowMs())
    pool.spend(reservation, 4n)
    for (let ticks = 0; ticks < 10; ticks += 1) await tick()
    expect(allowance?.open).toBe(false)
    expect(pool.sizes()).toEqual({ wallets: 0, allowances: 0, waiting: 0 })
  })

  it('closes all allowances when the edge stops', async () => {
    const { clock, ledger, pool } = rig(1_000n)
    const first = pool.reserve('wal_1', 10n)
    await clock.advance(5)
    const reservation = await first
    pool.spend(reservation, 7n)
    ledger.spend(reservation.allowance.id, 7n)
    await settled(clock, pool.close())
    expect(ledger.availableMicro).toBe(993n)
  })

  it('ends a reservation once, for at most the reserved amount', async () => {
    const { clock, pool } = rig(1_000n)
    const first = pool.reserve('wal_1', 10n)
    await clock.advance(5)
    const reservation = await first
    expect(() => pool.spend(reservation, 11n)).toThrow(/no more/)
    pool.spend(reservation, 10n)
    expect(() => pool.spend(reservation, 0n)).toThrow(/once/)
  })
})

describe('a simulation of callers, billing and time', () => {
  it.each([1, 2, 3, 4])(
    'seed %i: spending never exceeds what billing granted, and every call gets an answer',
    async (seed) => {
      const random = seededRandom(seed)
      const { clock, ledger, pool } = rig(50_000n, { seed })
      const open: Reservation[] = []
      const waits: Promise<unknown>[] = []
      let answered = 0
      for (let step = 0; step < 1_000; step += 1) {
        const wallet = `wal_${random.integer(3)}`
        const roll = random.next()
        if (roll < 0.45) {
          const amount = BigInt(1 + random.integer(random.next() < 0.05 ? 20_000 : 300))
          const now = pool.tryReserve(wallet, amount)
          if (now) open.push(now)
          else {
            const waiting = outcome(pool.reserve(wallet, amount)).then((result) => {
              answered += 1
              if (typeof result !== 'string') open.push(result)
              return undefined
            })
            waits.push(waiting)
          }
        } else if (roll < 0.9) {
          const [reservation] = open.splice(random.integer(open.length), 1)
          if (reservation) {
            const spent = BigInt(random.integer(Number(reservation.amountMicro) + 1))
            pool.spend(reservation, spent)
            ledger.spend(reservation.allowance.id, spent)
          }
        } else if (roll < 0.93) ledger.down = !ledger.down
        else if (roll < 0.96) void pool.backgroundTasks()
        await clock.advance(random.integer(random.next() < 0.01 ? 70_000 : 50))
        checkTotal(ledger, 50_000n)
      }
      ledger.down = false
      for (const one of open) pool.spend(one, 0n)
      await clock.advance(10_000)
      await Promise.all(waits)
      expect(answered).toBe(waits.length)
      expect(pool.sizes().waiting).toBe(0)
    },
  )
})

function checkTotal(ledger: ReturnType<typeof fakeBilling>['ledger'], balanceMicro: bigint): void {
  let held = 0n
  let spent = 0n
  for (const [id, { amountMicro, open }] of ledger.granted) {
    const spentHere = ledger.spentMicro.get(id) ?? 0n
    expect(spentHere <= amountMicro).toBe(true)
    spent += spentHere
    if (open) held += amountMicro - spentHere
  }
  expect(ledger.availableMicro >= 0n).toBe(true)
  expect(ledger.availableMicro + held + spent).toBe(balanceMicro)
}
