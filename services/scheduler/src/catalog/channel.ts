import type { CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'

import type { Credential } from './credential.ts'

export type ModelKind = ChannelModel['kinds'][number]

/** One configured upstream with its pool of credentials. */
export interface Channel extends Omit<CatalogChannel, 'credentials'> {
  credentials: readonly Credential[]
}
