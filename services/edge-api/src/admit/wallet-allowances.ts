import { assert } from '@sluice/kernel/assert'
import type { MicroCredits } from '@sluice/kernel/credits'
import { greater } from '@sluice/kernel/credits'

/** A purse is filled below so many calls like the last one, up to so many; or by what is spent in so long. */
const LOW_WATER_CALLS = 8n
const REFILL_CALLS = 32n
const LOW_WATER_MS = 5_000
const REFILL_MS = 20_000
export const IDLE_MS = 30_000

/** Credits that billing set aside for this edge to spend on behalf of one wallet. */
export interface Allowance {
  readonly id: string
  readonly amountMicro: MicroCredits
  spentMicro: MicroCredits
  reservedMicro: MicroCredits
  /** Until then, by the monotonic clock, it may be drawn on. */
  usableUntilMs: number
  lastUsedMs: number
}

/** A part of an allowance that one call may spend. Ended exactly once, by `spend`. */
export interface Reservation {
  readonly wallet: string
  readonly allowance: Allowance
  readonly amountMicro: MicroCredits
  open: boolean
}

/** What is neither spent nor reserved. */
export function freeMicro({ amountMicro, spentMicro, reservedMicro }: Allowance): MicroCredits {
  return amountMicro - spentMicro - reservedMicro
}

/** The first allowance that covers the amount, or undefined. Not spread over several: a usage record names one. */
export function findCover(
  allowances: readonly Allowance[],
  amountMicro: MicroCredits,
  nowMs: number,
): Allowance | undefined {
  for (const allowance of allowances) {
    if (nowMs < allowance.usableUntilMs && freeMicro(allowance) >= amountMicro) return allowance
  }
  return undefined
}

/** Sets the amount aside; the caller has checked that it fits. */
export function reserve(
  allowance: Allowance,
  { wallet, amountMicro, nowMs }: { wallet: string; amountMicro: MicroCredits; nowMs: number },
): Reservation {
  assert(amountMicro >= 0n && freeMicro(allowance) >= amountMicro, 'a reservation must fit')
  allowance.reservedMicro += amountMicro
  allowance.lastUsedMs = nowMs
  return { wallet, allowance, amountMicro, open: true }
}

/** Ends a reservation: `amountMicro` of it is spent, the rest is free again. */
export function spend(reservation: Reservation, amountMicro: MicroCredits, nowMs: number): void {
  const { allowance } = reservation
  assert(reservation.open, 'a reservation ends once')
  assert(amountMicro >= 0n && amountMicro <= reservation.amountMicro, 'no more than was reserved')
  reservation.open = false
  allowance.reservedMicro -= reservation.amountMicro
  allowance.spentMicro += amountMicro
  allowance.lastUsedMs = nowMs
}

/** A call that did not fit, and waits for a refill. */
export interface Waiter {
  amountMicro: MicroCredits
  resolve: (reservation: Reservation) => void
  reject: (error: unknown) => void
}

/** What this edge may spend for one wallet, and who waits for more. */
export interface WalletAllowances {
  wallet: string
  allowances: Allowance[]
  waiting: Waiter[]
  filling: boolean
  /** What was spent since the last refill, and when that was; for the pace of spending. */
  spentMicro: MicroCredits
  filledAtMs: number
  /** What is spent in LOW_WATER_MS, at the pace of the last refill. */
  paceMicro: MicroCredits
  /** No refill in the background before this. */
  restUntilMs: number
}

/** True when it should be filled. Counted by the call at hand: who makes dear calls keeps more at hand. */
export function isLow(
  walletAllowances: WalletAllowances,
  amountMicro: MicroCredits,
  nowMs: number,
): boolean {
  if (nowMs < walletAllowances.restUntilMs) return false
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
    filling: false,
    spentMicro: 0n,
    filledAtMs: nowMs,
    paceMicro: 0n,
    restUntilMs: 0,
  }
}

/** Takes the pace of spending since the last refill. */
export function takePace(walletAllowances: WalletAllowances, nowMs: number): void {
  // Two refills close together say little about the pace.
  const elapsedMs = BigInt(Math.max(100, Math.round(nowMs - walletAllowances.filledAtMs)))
  walletAllowances.paceMicro = (walletAllowances.spentMicro * BigInt(LOW_WATER_MS)) / elapsedMs
  walletAllowances.spentMicro = 0n
  walletAllowances.filledAtMs = nowMs
}

/**
 * What to ask for: what is spent in REFILL_MS at the present pace, and at least twice what is in use, so
 * that a burst doubles at most once during a refill.
 */
export function wantOf(walletAllowances: WalletAllowances, needMicro: MicroCredits): MicroCredits {
  const ahead = walletAllowances.paceMicro * BigInt(REFILL_MS / LOW_WATER_MS)
  const reserved = walletAllowances.allowances.reduce(
    (sum, { reservedMicro }) => sum + reservedMicro,
    0n,
  )
  const waiting = walletAllowances.waiting.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)
  return greater(ahead, greater(needMicro * REFILL_CALLS, reserved + waiting * 2n))
}

/** True while no call draws on it. */
export const isUnused = ({ reservedMicro }: Allowance) => reservedMicro === 0n

/** True when no call has drawn on it for a while. */
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
