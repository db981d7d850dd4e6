import type {
  CatalogChannel,
  ChannelModel,
  Dialect,
  SealedSecret,
} from '@sluice/contracts/scheduler.contract'

import type { Channel } from '../catalog/channel.ts'
import type { CredentialState } from '../catalog/credential.ts'

export interface ChannelDraft {
  /** Used when no channel has this name yet. */
  newChannelId: string
  name: string
  dialect: Dialect
  baseUrl: string
  priority: number
  weight: number
  enabled: boolean
  models: ChannelModel[]
  settings: CatalogChannel['settings']
}

export interface NewCredential {
  id: string
  secret: SealedSecret
  /** Tells a secret that the channel has already. */
  fingerprint: string
  concurrencyMax: number
}

/** Health that a restart must not forget. */
export interface LastingHealth {
  credentialId: string
  /** The epoch under which it was learned; a later one makes it void. */
  epoch: number
  attention: string | null
  coolingUntil: Date | null
}

/**
 * The catalog's rows. Every change raises the version in the transaction that makes it, together with
 * the outbox row that says `catalog-changed`. None of this is on the path of a lease.
 * All methods throw `unavailable` when the database is away.
 */
export interface CatalogStore {
  /** All channels with their models and credentials, at one version; without retired credentials. */
  load(): Promise<{ version: number; channels: Channel[] }>
  readVersion(): Promise<number>
  /** Adds the channel, or replaces the one of that name except for its credentials. */
  saveChannel(input: { channel: ChannelDraft; at: Date }): Promise<{ channelId: string }>
  /** Adds those that the channel does not have. Throws `not_found` for an unknown channel. */
  addCredentials(input: {
    channelId: string
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<{ added: number; known: number }>
  /**
   * A person's word: raises the epoch, so that what was learned before is void. `active` always
   * counts as a change; a retired credential stays retired. Throws `not_found`.
   */
  setCredentialState(input: {
    credentialId: string
    state: CredentialState
    at: Date
  }): Promise<{ changed: boolean; channelId: string }>
  /** Writes what is new and not void. Answers how many credentials changed. */
  writeHealth(input: { rows: readonly LastingHealth[]; at: Date }): Promise<number>
}
