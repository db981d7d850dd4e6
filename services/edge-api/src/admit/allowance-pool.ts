/**
 * Can you pay: money for short calls, drawn on in memory (MONEY-AND-JOBS §2).
 *
 * Hot path: a reservation is arithmetic. Below its low-water mark a wallet's purse is filled up in the
 * background. A call that does not fit waits for the refill; only billing's own refusal makes it a 402.
 * Consistency: what is spent from an allowance never exceeds what billing granted it, and an allowance is
 * drawn on only as long as its lease surely runs. With billing away, calls go on until the leases end.
 */
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { MicroCredits } from '@sluice/kernel/credits'

import type { AllowanceDeps, Refusal } from './lease-allowances.ts'
import { closeAllowances, closeIdle, openAllowance, renewUsed } from './lease-allowances.ts'
import type { Purse, Reservation } from './purse.ts'
import { emptyPurse, findCover, isLow, reserve, sizesOf, spend, takePace } from './purse.ts'

const REFUSED_REST_MS = 1_000
/** Of one wallet: half of what may run here at once, so that a refill that hangs holds up no other wallet. */
const WAITING_MAX = 5_000
const CROWDED_RETRY_MS = 1_000

export interface AllowancePool {
  /** Undefined when it does not fit now: ask `reserve`. */
  tryReserve(wallet: string, amountMicro: MicroCredits): Reservation | undefined
  /** Waits for a refill. Throws `insufficient_credit` when billing refuses, `unavailable` when it is away. */
  reserve(wallet: string, amountMicro: MicroCredits): Promise<Reservation>
  /** Ends a reservation; 0 gives all of it back. */
  spend(reservation: Reservation, amountMicro: MicroCredits): void
  /** Renews leases that are in use and closes allowances that are not. Called every few seconds. */
  upkeep(): Promise<void>
  /** Closes everything, when no call is running any more. */
  close(): Promise<void>
  /** For metrics. */
  sizes(): { wallets: number; allowances: number; waiting: number }
}

export function createAllowancePool(deps: AllowanceDeps): AllowancePool {
  const { clock } = deps
  const purses = new Map<string, Purse>()

  const purseOf = (wallet: string): Purse => {
    const known = purses.get(wallet)
    if (known) return known
    const purse = emptyPurse(wallet, clock.monotonicMs())
    purses.set(wallet, purse)
    return purse
  }

  const tryReserve = (wallet: string, amountMicro: MicroCredits) => {
    const purse = purses.get(wallet)
    // Who waits was here first.
    if (!purse || purse.waiting.length > 0) return undefined
    const nowMs = clock.monotonicMs()
    const allowance = findCover(purse.allowances, amountMicro, nowMs)
    if (!allowance) return undefined
    const reservation = reserve(allowance, { wallet, amountMicro, nowMs })
    if (!purse.filling && isLow(purse, amountMicro, nowMs)) void fill(deps, purse, amountMicro)
    return reservation
  }

  return {
    tryReserve,
    async reserve(wallet, amountMicro) {
      const fitting = tryReserve(wallet, amountMicro)
      if (fitting) return fitting
      const purse = purseOf(wallet)
      if (purse.waiting.length >= WAITING_MAX) {
        const message = 'Too many requests of this wallet are waiting for its credits.'
        throw new AppError('rate_limit_exceeded', message, { retryAfterMs: CROWDED_RETRY_MS })
      }
      return new Promise<Reservation>((resolve, reject) => {
        purse.waiting.push({ amountMicro, resolve, reject })
        if (!purse.filling) void fill(deps, purse, amountMicro)
      })
    },
    spend(reservation, amountMicro) {
      spend(reservation, amountMicro, clock.monotonicMs())
      const purse = purses.get(reservation.wallet)
      if (!purse) return
      purse.spentMicro += amountMicro
      if (purse.waiting.length > 0) serveWaiters(purse, clock)
    },
    async upkeep() {
      await renewUsed(deps, purses)
      await closeIdle(deps, purses)
    },
    async close() {
      const all = [...purses.values()].flatMap((purse) => purse.allowances.splice(0))
      purses.clear()
      await closeAllowances(deps, all)
    },
    sizes: () => sizesOf(purses),
  }
}

/** Fills a purse until nobody waits: one flight a wallet. Never rejects: waiters get the errors. */
async function fill(deps: AllowanceDeps, purse: Purse, usualMicro: MicroCredits): Promise<void> {
  purse.filling = true
  takePace(purse, deps.clock.monotonicMs())
  try {
    do {
      const needMicro = purse.waiting[0]?.amountMicro ?? usualMicro
      const refusal = await openAllowance(deps, purse, needMicro)
      if (refusal) refuse(deps, purse, refusal)
      serveWaiters(purse, deps.clock)
    } while (purse.waiting.length > 0)
  } catch (error) {
    if (purse.waiting.length === 0) deps.log.warn({ err: error }, 'an allowance was not opened')
    purse.restUntilMs = deps.clock.monotonicMs() + REFUSED_REST_MS
    for (const waiter of purse.waiting.splice(0)) waiter.reject(error)
  } finally {
    purse.filling = false
  }
}

function refuse({ clock }: AllowanceDeps, purse: Purse, refusal: Refusal): void {
  purse.restUntilMs = clock.monotonicMs() + REFUSED_REST_MS
  purse.waiting.shift()?.reject(outOfCredit(refusal))
}

function serveWaiters(purse: Purse, clock: Clock): void {
  const nowMs = clock.monotonicMs()
  for (let waiter = purse.waiting[0]; waiter; waiter = purse.waiting[0]) {
    const { amountMicro, resolve } = waiter
    const allowance = findCover(purse.allowances, amountMicro, nowMs)
    if (!allowance) return
    purse.waiting.shift()
    resolve(reserve(allowance, { wallet: purse.wallet, amountMicro, nowMs }))
  }
}

function outOfCredit({ requiredMicro, availableMicro }: Refusal): AppError {
  const message = 'The wallet cannot pay for the worst case of this request.'
  const details = { required_micro: `${requiredMicro}`, available_micro: `${availableMicro}` }
  return new AppError('insufficient_credit', message, { details })
}
