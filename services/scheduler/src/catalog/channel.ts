import type { CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'

import type { Credential } from './credential.ts'

export type ModelKind = ChannelModel['kinds'][number]

/** One configured way to an upstream, with its pool. */
export interface Channel extends Omit<CatalogChannel, 'credentials'> {
  credentials: readonly Credential[]
}
