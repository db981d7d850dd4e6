import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'
import { shareOf } from '../ledger/allowance.ts'
import type { Hold } from '../ledger/hold.ts'
import { openedHold } from '../ledger/hold.ts'

type OpenAllowance = typeof billingContract.methods.openAllowance

/** Reserves credits in bulk for the short calls of a wallet at one edge. Idempotent per allowance id. */
export async function openAllowance(
  { store, clock, counters }: BillingContext,
  input: InputOf<OpenAllowance>,
): Promise<OutputOf<OpenAllowance>> {
  const { allowanceId: id, wallet, edge, needMicro, wantMicro, leaseMs } = input
  const result = await store.inTransaction<OutputOf<OpenAllowance>>(async (tx) => {
    const existing = await tx.lockHold({ purpose: 'allowance', ref: id })
    if (existing) return resultForExisting(existing, input)
    const available = await tx.lockAvailable([wallet])
    const availableMicro = available.get(wallet) ?? 0n
    const amountMicro = shareOf({ availableMicro, needMicro, wantMicro })
    if (amountMicro === undefined) {
      return { outcome: 'refused', requiredMicro: needMicro, availableMicro }
    }
    const openedAt = clock.now()
    const expiresAt = new Date(openedAt.getTime() + leaseMs)
    const facts = { id, ref: id, purpose: 'allowance', model: null, priceId: null } as const
    const opened = openedHold({ ...facts, wallet, edge, amountMicro, expiresAt, openedAt })
    // A faulty edge may spend even an empty allowance: the receivable then needs an account.
    if (!available.has(wallet)) await tx.ensureWallet(wallet, openedAt)
    await tx.addHold(opened.hold)
    await tx.post({ holds: [], transfers: opened.transfers })
    return { outcome: 'opened', amountMicro, expiresAt }
  })
  counters.holds.add({ purpose: 'allowance', outcome: result.outcome })
  return result
}

function resultForExisting(hold: Hold, request: InputOf<OpenAllowance>): OutputOf<OpenAllowance> {
  if (hold.wallet !== request.wallet || hold.edge !== request.edge) {
    throw new AppError('invalid_value', 'the allowance belongs to another wallet or edge', {
      param: 'allowanceId',
    })
  }
  if (hold.state !== 'open') {
    throw new AppError('invalid_value', 'the allowance has ended', { param: 'allowanceId' })
  }
  return { outcome: 'opened', amountMicro: hold.amountMicro, expiresAt: hold.expiresAt }
}
