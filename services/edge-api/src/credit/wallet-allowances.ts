import { assert } from '@sluice/kernel/assert'
import type { MicroCredits } from '@sluice/kernel/credits'
import { greater } from '@sluice/kernel/credits'

/** Refill thresholds and targets, in calls like the current one, and in time at the current spending rate. */
const LOW_WATER_CALLS = 8n
const REFILL_CALLS = 32n
const LOW_WATER_MS = 5_000
const REFILL_MS = 20_000
export const IDLE_MS = 30_000

/** Credits that billing granted to this edge to spend for one wallet. */
export interface Allowance {
  readonly id: string
  readonly amountMicro: MicroCredits
  spentMicro: MicroCredits
  reservedMicro: MicroCredits
  /** End of its use, by the monotonic clock. */
  usableUntilMs: number
  lastUsedMs: number
}

/** The part of an allowance that one call may spend. Ended exactly once, by `spend`. */
export interface Reservation {
  readonly wallet: string
  readonly allowance: Allowance
  readonly amountMicro: MicroCredits
  open: boolean
}

/** The amount that is neither spent nor reserved. */
export function freeMicro({ amountMicro, spentMicro, reservedMicro }: Allowance): MicroCredits {
  return amountMicro - spentMicro - reservedMicro
}

/**
 * The first allowance that covers the amount. Never split over several: a usage record names one allowance.
 */
export function findCovering(
  allowances: readonly Allowance[],
  amountMicro: MicroCredits,
  nowMs: number,
): Allowance | undefined {
  for (const allowance of allowances) {
    if (nowMs < allowance.usableUntilMs && freeMicro(allowance) >= amountMicro) return allowance
  }
  return undefined
}

/** Reserves the amount; the caller has checked that it fits. */
export function reserve(
  allowance: Allowance,
  { wallet, amountMicro, nowMs }: { wallet: string; amountMicro: MicroCredits; nowMs: number },
): Reservation {
  assert(amountMicro >= 0n && freeMicro(allowance) >= amountMicro, 'a reservation must fit')
  allowance.reservedMicro += amountMicro
  allowance.lastUsedMs = nowMs
  return { wallet, allowance, amountMicro, open: true }
}

/** Ends a reservation: `amountMicro` of it is spent, the rest is released. */
export function spend(reservation: Reservation, amountMicro: MicroCredits, nowMs: number): void {
  const { allowance } = reservation
  assert(reservation.open, 'a reservation ends once')
  assert(amountMicro >= 0n && amountMicro <= reservation.amountMicro, 'no more than was reserved')
  reservation.open = false
  allowance.reservedMicro -= reservation.amountMicro
  allowance.spentMicro += amountMicro
  allowance.lastUsedMs = nowMs
}

/** A call that waits for a refill. */
export interface Waiter {
  amountMicro: MicroCredits
  resolve: (reservation: Reservation) => void
  reject: (error: unknown) => void
}

/** The allowances of one wallet at this edge, and the calls that wait for a refill. */
export interface WalletAllowances {
  wallet: string
  allowances: Allowance[]
  waiting: Waiter[]
  isRefilling: boolean
  /** Spending since the last refill, and the time of that refill; for the spending rate. */
  spentMicro: MicroCredits
  refilledAtMs: number
  /** Spending per LOW_WATER_MS, measured at the last refill. */
  paceMicro: MicroCredits
  /** No background refill before this. */
  refillPausedUntilMs: number
}

/** True when it should be refilled. The threshold scales with the amount of the current call. */
export function isLow(
  walletAllowances: WalletAllowances,
  amountMicro: MicroCredits,
  nowMs: number,
): boolean {
  if (nowMs < walletAllowances.refillPausedUntilMs) return false
  let free = 0n
  for (const allowance of walletAllowances.allowances) {
    if (nowMs < allowance.usableUntilMs) free += freeMicro(allowance)
  }
  return free < walletAllowances.paceMicro || free < amountMicro * LOW_WATER_CALLS
}

export function emptyWalletAllowances(wallet: string, nowMs: number): WalletAllowances {
  return {
    wallet,
    allowances: [],
    waiting: [],
    isRefilling: false,
    spentMicro: 0n,
    refilledAtMs: nowMs,
    paceMicro: 0n,
    refillPausedUntilMs: 0,
  }
}

/** Measures the spending rate since the last refill. */
export function measurePace(walletAllowances: WalletAllowances, nowMs: number): void {
  // The rate is unreliable over very short intervals.
  const elapsedMs = BigInt(Math.max(100, Math.round(nowMs - walletAllowances.refilledAtMs)))
  walletAllowances.paceMicro = (walletAllowances.spentMicro * BigInt(LOW_WATER_MS)) / elapsedMs
  walletAllowances.spentMicro = 0n
  walletAllowances.refilledAtMs = nowMs
}

/**
 * The amount to request: spending of REFILL_MS at the current rate, and at least the reserved amount plus
 * twice the waiting amount, so that a burst needs few refills.
 */
export function refillAmount(
  walletAllowances: WalletAllowances,
  needMicro: MicroCredits,
): MicroCredits {
  const ahead = walletAllowances.paceMicro * BigInt(REFILL_MS / LOW_WATER_MS)
  const reserved = walletAllowances.allowances.reduce(
    (sum, { reservedMicro }) => sum + reservedMicro,
    0n,
  )
  const waiting = walletAllowances.waiting.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)
  return greater(ahead, greater(needMicro * REFILL_CALLS, reserved + waiting * 2n))
}

/** True while no call has a reservation on it. */
export const isUnused = ({ reservedMicro }: Allowance) => reservedMicro === 0n

/** True when no call has used it for IDLE_MS. */
export function isIdle(allowance: Allowance, nowMs: number): boolean {
  return isUnused(allowance) && nowMs - allowance.lastUsedMs > IDLE_MS
}

export function sizesOf(byWallet: Map<string, WalletAllowances>) {
  const sizes = { wallets: byWallet.size, allowances: 0, waiting: 0 }
  for (const { allowances, waiting } of byWallet.values()) {
    sizes.allowances += allowances.length
    sizes.waiting += waiting.length
  }
  return sizes
}
