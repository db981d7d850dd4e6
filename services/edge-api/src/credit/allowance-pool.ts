/**
 * Payment for short calls from allowances in memory (docs/adr/0003).
 *
 * Hot path: a reservation is arithmetic. Below its low-water mark a wallet is refilled in the background. A
 * call that does not fit waits for the refill; only a refusal by billing becomes a 402. Consistency: spending
 * from an allowance never exceeds the granted amount, and an allowance is used only while its lease is
 * certainly valid. While billing is unavailable, calls continue until the leases end.
 */
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { MicroCredits } from '@sluice/kernel/credits'

import type { AllowanceDeps, AllowanceRefusal } from './lease-allowances.ts'
import { closeAllowances, closeIdle, openAllowance, renewUsed } from './lease-allowances.ts'
import type { WalletAllowances, Reservation } from './wallet-allowances.ts'
import {
  emptyWalletAllowances,
  findCovering,
  isLow,
  reserve,
  sizesOf,
  spend,
  measurePace,
} from './wallet-allowances.ts'

const REFILL_PAUSE_MS = 1_000
/** Per wallet: half of the concurrent requests, so that a stuck refill does not block other wallets. */
const WAITING_MAX = 5_000
const QUEUE_FULL_RETRY_MS = 1_000

export interface AllowancePool {
  /** Undefined when it does not fit now: call `reserve`. */
  tryReserve(wallet: string, amountMicro: MicroCredits): Reservation | undefined
  /** Waits for a refill. Throws `insufficient_credit` when billing refuses, `unavailable` when it is down. */
  reserve(wallet: string, amountMicro: MicroCredits): Promise<Reservation>
  /** Ends a reservation; 0 releases all of it. */
  spend(reservation: Reservation, amountMicro: MicroCredits): void
  /** Renews the leases of used allowances and closes idle ones. Called every few seconds. */
  backgroundTasks(): Promise<void>
  /** Closes all allowances, once no call is running. */
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
    // Waiting calls have precedence.
    if (!walletAllowances || walletAllowances.waiting.length > 0) return undefined
    const nowMs = clock.monotonicMs()
    const allowance = findCovering(walletAllowances.allowances, amountMicro, nowMs)
    if (!allowance) return undefined
    const reservation = reserve(allowance, { wallet, amountMicro, nowMs })
    if (!walletAllowances.isRefilling && isLow(walletAllowances, amountMicro, nowMs))
      void refill(deps, walletAllowances, amountMicro)
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
        throw new AppError('rate_limit_exceeded', message, { retryAfterMs: QUEUE_FULL_RETRY_MS })
      }
      return new Promise<Reservation>((resolve, reject) => {
        walletAllowances.waiting.push({ amountMicro, resolve, reject })
        if (!walletAllowances.isRefilling) void refill(deps, walletAllowances, amountMicro)
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

/** Refills a wallet until no call waits, one refill at a time. Never rejects: waiters get the errors. */
async function refill(
  deps: AllowanceDeps,
  walletAllowances: WalletAllowances,
  usualMicro: MicroCredits,
): Promise<void> {
  walletAllowances.isRefilling = true
  measurePace(walletAllowances, deps.clock.monotonicMs())
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
    walletAllowances.refillPausedUntilMs = deps.clock.monotonicMs() + REFILL_PAUSE_MS
    for (const waiter of walletAllowances.waiting.splice(0)) waiter.reject(error)
  } finally {
    walletAllowances.isRefilling = false
  }
}

function refuse(
  { clock }: AllowanceDeps,
  walletAllowances: WalletAllowances,
  refusal: AllowanceRefusal,
): void {
  walletAllowances.refillPausedUntilMs = clock.monotonicMs() + REFILL_PAUSE_MS
  walletAllowances.waiting.shift()?.reject(insufficientCreditError(refusal))
}

function serveWaiters(walletAllowances: WalletAllowances, clock: Clock): void {
  const nowMs = clock.monotonicMs()
  for (let waiter = walletAllowances.waiting[0]; waiter; waiter = walletAllowances.waiting[0]) {
    const { amountMicro, resolve } = waiter
    const allowance = findCovering(walletAllowances.allowances, amountMicro, nowMs)
    if (!allowance) return
    walletAllowances.waiting.shift()
    resolve(reserve(allowance, { wallet: walletAllowances.wallet, amountMicro, nowMs }))
  }
}

function insufficientCreditError({ requiredMicro, availableMicro }: AllowanceRefusal): AppError {
  const message = 'The wallet cannot pay for the worst case of this request.'
  const details = { required_micro: `${requiredMicro}`, available_micro: `${availableMicro}` }
  return new AppError('insufficient_credit', message, { details })
}
