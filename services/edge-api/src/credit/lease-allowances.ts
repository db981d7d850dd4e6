import type { Billing } from '@sluice/contracts/billing.contract'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { MicroCredits } from '@sluice/kernel/credits'
import { startDeadline } from '@sluice/kernel/deadline'
import { newId } from '@sluice/kernel/ids'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

import type { HoldReturns } from './hold-returns.ts'
import type { Allowance, WalletAllowances } from './wallet-allowances.ts'
import { isIdle, isUnused, refillAmount } from './wallet-allowances.ts'

const LEASE_MS = 60_000
/** Spending stops this long before the lease ends, to allow for network latency. */
const LEASE_MARGIN_MS = 10_000
const BILLING_TIMEOUT_MS = 5_000
const RENEW_BELOW_MS = 30_000
const RENEW_BATCH = 1_000

export interface AllowanceDeps {
  billing: Pick<Billing, 'openAllowance' | 'renewAllowances' | 'closeAllowance'>
  /** This edge's id. */
  edge: string
  /** Sends all usage records of these allowances to billing; false when some may still be unsent. */
  settleNow: (allowanceIds: readonly string[]) => Promise<boolean>
  /** Closes allowances that may or may not have been opened. */
  returns: Pick<HoldReturns, 'add'>
  clock: Clock
  random: Random
  log: Log
}

/** Billing refused, because the balance is too low. */
export interface AllowanceRefusal {
  requiredMicro: MicroCredits
  availableMicro: MicroCredits
}

/**
 * Opens an allowance of at least `needMicro`; after a refusal, closes unused allowances and tries once more.
 */
export async function openAllowance(
  deps: AllowanceDeps,
  walletAllowances: WalletAllowances,
  needMicro: MicroCredits,
): Promise<AllowanceRefusal | undefined> {
  const refusal = await requestAllowance(deps, walletAllowances, needMicro)
  if (!refusal || walletAllowances.waiting.length === 0) return refusal
  const idle = walletAllowances.allowances.filter(isUnused)
  if (idle.length === 0) return refusal
  walletAllowances.allowances = walletAllowances.allowances.filter(
    (allowance) => !isUnused(allowance),
  )
  const closed = await closeAllowances(deps, idle)
  return closed ? requestAllowance(deps, walletAllowances, needMicro) : refusal
}

async function requestAllowance(
  { billing, edge, clock, random, returns }: AllowanceDeps,
  walletAllowances: WalletAllowances,
  needMicro: MicroCredits,
): Promise<AllowanceRefusal | undefined> {
  const allowanceId = newId('alw', { clock, random })
  const wantMicro = refillAmount(walletAllowances, needMicro)
  const requestedAtMs = clock.monotonicMs()
  const { wallet } = walletAllowances
  const input = { allowanceId, wallet, edge, needMicro, wantMicro, leaseMs: LEASE_MS }
  const answer = await withTimeout(clock, (signal) =>
    billing.openAllowance(input, { signal }),
  ).catch((error: unknown) => {
    returns.add({ purpose: 'allowance', ref: allowanceId, reason: 'unknown', unknown: true })
    throw error
  })
  if (answer.outcome === 'refused') return answer
  // At the front, because the older allowances are nearly spent.
  walletAllowances.allowances.unshift({
    id: allowanceId,
    amountMicro: answer.amountMicro,
    spentMicro: 0n,
    reservedMicro: 0n,
    usableUntilMs: usableUntil(requestedAtMs),
    lastUsedMs: requestedAtMs,
  })
  return undefined
}

// The lease began after the request was sent, so by the local clock it ends no sooner than this.
const usableUntil = (requestedAtMs: number) => requestedAtMs + LEASE_MS - LEASE_MARGIN_MS

/** Renews allowances with running or recent calls whose leases end soon. */
export async function renewUsed(
  deps: AllowanceDeps,
  byWallet: Map<string, WalletAllowances>,
): Promise<void> {
  const { billing, edge, clock } = deps
  const nowMs = clock.monotonicMs()
  const used = [...byWallet.values()]
    .flatMap((walletAllowances) => walletAllowances.allowances)
    .filter((one) => !isIdle(one, nowMs) && isEnding(one, nowMs))
  for (let start = 0; start < used.length; start += RENEW_BATCH) {
    const batch = used.slice(start, start + RENEW_BATCH)
    const requestedAtMs = clock.monotonicMs()
    const input = { edge, allowanceIds: batch.map(({ id }) => id), leaseMs: LEASE_MS }
    try {
      const answer = await withTimeout(clock, (signal) =>
        billing.renewAllowances(input, { signal }),
      )
      const open = new Set(answer.open.map(({ allowanceId }) => allowanceId))
      for (const one of batch) one.usableUntilMs = open.has(one.id) ? usableUntil(requestedAtMs) : 0
    } catch (err) {
      deps.log.warn({ err, allowances: batch.length }, 'allowances were not renewed')
    }
  }
}

function isEnding({ usableUntilMs }: Allowance, nowMs: number): boolean {
  return nowMs < usableUntilMs && usableUntilMs - nowMs < RENEW_BELOW_MS
}

/** Closes idle allowances, and removes wallets without any. */
export async function closeIdle(
  deps: AllowanceDeps,
  byWallet: Map<string, WalletAllowances>,
): Promise<void> {
  const nowMs = deps.clock.monotonicMs()
  for (const [wallet, walletAllowances] of byWallet) {
    const over = (one: Allowance) =>
      isUnused(one) && (isIdle(one, nowMs) || nowMs >= one.usableUntilMs)
    const idle = walletAllowances.allowances.filter(over)
    if (idle.length > 0) {
      walletAllowances.allowances = walletAllowances.allowances.filter((one) => !over(one))
      await closeAllowances(deps, idle)
    }
    const empty = walletAllowances.allowances.length === 0 && walletAllowances.waiting.length === 0
    if (empty && !walletAllowances.isRefilling) byWallet.delete(wallet)
  }
}

/** False when they stay open until their leases end: records may be unsent, or billing is unavailable. */
export async function closeAllowances(
  deps: AllowanceDeps,
  all: readonly Allowance[],
): Promise<boolean> {
  if (all.length === 0) return true
  try {
    if (!(await deps.settleNow(all.map(({ id }) => id)))) return false
    for (const { id: allowanceId } of all) {
      await withTimeout(deps.clock, (signal) =>
        deps.billing.closeAllowance({ allowanceId }, { signal }),
      )
    }
    return true
  } catch (err) {
    deps.log.warn(
      { err, allowances: all.length },
      'allowances were not closed; their leases expire',
    )
    return false
  }
}

async function withTimeout<Result>(
  clock: Clock,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = startDeadline(clock, BILLING_TIMEOUT_MS)
  try {
    return await call(deadline.signal)
  } catch (error) {
    if (!deadline.signal.aborted) throw error
    throw new AppError('unavailable', 'Billing did not answer in time.', { cause: error })
  } finally {
    deadline.clear()
  }
}
