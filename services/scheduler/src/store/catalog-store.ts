import type {
  CatalogChannel,
  ChannelChange,
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
  countRetired(): Promise<number>
  /** Adds the channel, or replaces the one of that name except for its credentials. */
  saveChannel(input: { channel: ChannelDraft; at: Date }): Promise<{ channelId: string }>
  /** Adds the channel with its credentials; undefined, and nothing done, when the name is taken. */
  insertChannel(input: {
    channel: ChannelDraft
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<Channel | undefined>
  /**
   * Changes what is named, and adds the credentials that the channel does not have. When the origin of its
   * base URL changes, those that are not named again are retired, and what was learned of the others is
   * void; with no credentials named and a pool that is not empty, nothing is done (`secrets-needed`).
   * Throws `not_found`, and `invalid_value` for a base URL that is none.
   */
  changeChannel(input: {
    channelId: string
    change: ChannelChange
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<
    { outcome: 'changed'; channel: Channel; retired: number } | { outcome: 'secrets-needed' }
  >
  /** Adds those that the channel does not have. Throws `not_found` for an unknown channel. */
  addCredentials(input: {
    channelId: string
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<{ added: number; known: number }>
  /**
   * A person's word: raises the epoch, so that what was learned before is void. `active` always
   * counts as a change; a retired credential stays retired, and one that is in no state of `from`
   * stays as it is. Throws `not_found`.
   */
  setCredentialState(input: {
    credentialId: string
    state: CredentialState
    from?: readonly CredentialState[] | undefined
    at: Date
  }): Promise<{ changed: boolean; channelId: string }>
  /**
   * Writes what is new and not void. Answers how many credentials changed. Attention raises the version; a
   * rest alone does not.
   */
  writeHealth(input: { rows: readonly LastingHealth[]; at: Date }): Promise<number>
}
