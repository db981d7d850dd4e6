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

import type { AllowanceDeps, AllowanceRefusal } from './lease-allowances.ts'
import { closeAllowances, closeIdle, openAllowance, renewUsed } from './lease-allowances.ts'
import type { WalletAllowances, Reservation } from './wallet-allowances.ts'
import {
  emptyWalletAllowances,
  findCover,
  isLow,
  reserve,
  sizesOf,
  spend,
  takePace,
} from './wallet-allowances.ts'

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
  backgroundTasks(): Promise<void>
  /** Closes everything, when no call is running any more. */
  close(): Promise<void>
  /** For metrics. */
  sizes(): { wallets: number; allowances: number; waiting: number }
}

export function createAllowancePool(deps: AllowanceDeps): AllowancePool {
  const { clock } = deps
  const byWallet = new Map<string, WalletAllowances>()

  const allowancesOf = (wallet: string): WalletAllowances => {
    const known = byWallet.get(wallet)
    if (known) return known
    const walletAllowances = emptyWalletAllowances(wallet, clock.monotonicMs())
    byWallet.set(wallet, walletAllowances)
    return walletAllowances
  }

  const tryReserve = (wallet: string, amountMicro: MicroCredits) => {
    const walletAllowances = byWallet.get(wallet)
    // Who waits was here first.
    if (!walletAllowances || walletAllowances.waiting.length > 0) return undefined
    const nowMs = clock.monotonicMs()
    const allowance = findCover(walletAllowances.allowances, amountMicro, nowMs)
    if (!allowance) return undefined
    const reservation = reserve(allowance, { wallet, amountMicro, nowMs })
    if (!walletAllowances.filling && isLow(walletAllowances, amountMicro, nowMs))
      void fill(deps, walletAllowances, amountMicro)
    return reservation
  }

  return {
    tryReserve,
    async reserve(wallet, amountMicro) {
      const fitting = tryReserve(wallet, amountMicro)
      if (fitting) return fitting
      const walletAllowances = allowancesOf(wallet)
      if (walletAllowances.waiting.length >= WAITING_MAX) {
        const message = 'Too many requests of this wallet are waiting for its credits.'
        throw new AppError('rate_limit_exceeded', message, { retryAfterMs: CROWDED_RETRY_MS })
      }
      return new Promise<Reservation>((resolve, reject) => {
        walletAllowances.waiting.push({ amountMicro, resolve, reject })
        if (!walletAllowances.filling) void fill(deps, walletAllowances, amountMicro)
      })
    },
    spend(reservation, amountMicro) {
      spend(reservation, amountMicro, clock.monotonicMs())
      const walletAllowances = byWallet.get(reservation.wallet)
      if (!walletAllowances) return
      walletAllowances.spentMicro += amountMicro
      if (walletAllowances.waiting.length > 0) serveWaiters(walletAllowances, clock)
    },
    async backgroundTasks() {
      await renewUsed(deps, byWallet)
      await closeIdle(deps, byWallet)
    },
    async close() {
      const all = [...byWallet.values()].flatMap((walletAllowances) =>
        walletAllowances.allowances.splice(0),
      )
      byWallet.clear()
      await closeAllowances(deps, all)
    },
    sizes: () => sizesOf(byWallet),
  }
}

/** Fills a purse until nobody waits: one flight a wallet. Never rejects: waiters get the errors. */
async function fill(
  deps: AllowanceDeps,
  walletAllowances: WalletAllowances,
  usualMicro: MicroCredits,
): Promise<void> {
  walletAllowances.filling = true
  takePace(walletAllowances, deps.clock.monotonicMs())
  try {
    do {
      const needMicro = walletAllowances.waiting[0]?.amountMicro ?? usualMicro
      const refusal = await openAllowance(deps, walletAllowances, needMicro)
      if (refusal) refuse(deps, walletAllowances, refusal)
      serveWaiters(walletAllowances, deps.clock)
    } while (walletAllowances.waiting.length > 0)
  } catch (error) {
    if (walletAllowances.waiting.length === 0)
      deps.log.warn({ err: error }, 'an allowance was not opened')
    walletAllowances.restUntilMs = deps.clock.monotonicMs() + REFUSED_REST_MS
    for (const waiter of walletAllowances.waiting.splice(0)) waiter.reject(error)
  } finally {
    walletAllowances.filling = false
  }
}

function refuse(
  { clock }: AllowanceDeps,
  walletAllowances: WalletAllowances,
  refusal: AllowanceRefusal,
): void {
  walletAllowances.restUntilMs = clock.monotonicMs() + REFUSED_REST_MS
  walletAllowances.waiting.shift()?.reject(outOfCredit(refusal))
}

function serveWaiters(walletAllowances: WalletAllowances, clock: Clock): void {
  const nowMs = clock.monotonicMs()
  for (let waiter = walletAllowances.waiting[0]; waiter; waiter = walletAllowances.waiting[0]) {
    const { amountMicro, resolve } = waiter
    const allowance = findCover(walletAllowances.allowances, amountMicro, nowMs)
    if (!allowance) return
    walletAllowances.waiting.shift()
    resolve(reserve(allowance, { wallet: walletAllowances.wallet, amountMicro, nowMs }))
  }
}

function outOfCredit({ requiredMicro, availableMicro }: AllowanceRefusal): AppError {
  const message = 'The wallet cannot pay for the worst case of this request.'
  const details = { required_micro: `${requiredMicro}`, available_micro: `${availableMicro}` }
  return new AppError('insufficient_credit', message, { details })
}
