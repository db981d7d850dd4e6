import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadBalances = typeof billingContract.methods.readBalances

const nothing = { postedMicro: 0n, heldMicro: 0n, availableMicro: 0n }

/** What each wallet has, for lists of people. */
export async function readBalances(
  { store }: BillingContext,
  { wallets }: InputOf<ReadBalances>,
): Promise<OutputOf<ReadBalances>> {
  const known = await store.readBalances(wallets)
  return { balances: wallets.map((wallet) => ({ wallet, ...(known.get(wallet) ?? nothing) })) }
}
