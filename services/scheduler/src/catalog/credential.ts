import type { CatalogCredential, SealedSecret } from '@sluice/contracts/scheduler.contract'

export type CredentialState = CatalogCredential['state']

/** The stored row of one upstream API key or signed-in account. */
export interface Credential {
  id: string
  channelId: string
  state: CredentialState
  /** Why the scheduler set the state; null when an operator set it. */
  stateReason: string | null
  /** The maximum number of concurrent leases. */
  concurrencyMax: number
  /** Increases whenever an operator sets the state; health of an earlier epoch is ignored. */
  epoch: number
  /** The end of a cooldown that must survive a restart. */
  coolingUntil: Date | null
  secret: SealedSecret
}
