import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadBalances = typeof billingContract.methods.readBalances

const zeroBalance = { postedMicro: 0n, heldMicro: 0n, availableMicro: 0n }

/** The balances of many wallets, for lists of users. */
export async function readBalances(
  { store }: BillingContext,
  { wallets }: InputOf<ReadBalances>,
): Promise<OutputOf<ReadBalances>> {
  const existing = await store.readBalances(wallets)
  return {
    balances: wallets.map((wallet) => ({ wallet, ...(existing.get(wallet) ?? zeroBalance) })),
  }
}
