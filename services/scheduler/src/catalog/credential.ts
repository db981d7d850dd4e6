import type { CatalogCredential, SealedSecret } from '@sluice/contracts/scheduler.contract'

export type CredentialState = CatalogCredential['state']

/** One key or signed-in account by which we enter an upstream, as its row says. */
export interface Credential {
  id: string
  channelId: string
  state: CredentialState
  /** Why it is in its state, for the panel; set when the scheduler itself chose the state. */
  stateReason: string | null
  /** How many leases it may have at once. */
  concurrencyMax: number
  /** Grows whenever a person sets the state. Health that was learned before is forgotten. */
  epoch: number
  /** What of its health must survive a restart: it rests until then. */
  coolingUntil: Date | null
  secret: SealedSecret
}
