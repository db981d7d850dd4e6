import type { Dialect } from '@sluice/contracts/dialects'
import type {
  CatalogChannel,
  ChannelChange,
  ChannelModel,
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
  /** Identifies the secret within its channel. */
  fingerprint: string
  concurrencyMax: number
}

/** Health that must survive a restart. */
export interface LastingHealth {
  credentialId: string
  /** The epoch in which it was recorded; it is ignored in a later one. */
  epoch: number
  attention: string | null
  coolingUntil: Date | null
}

/**
 * The rows of the catalog. Every change raises the version and writes the outbox row `catalog-changed` in the
 * same transaction. Leases do not use this store. All methods throw `unavailable` when the database fails.
 */
export interface CatalogStore {
  /** All channels with their models and credentials at one version, without retired credentials. */
  load(): Promise<{ version: number; channels: Channel[] }>
  readVersion(): Promise<number>
  countRetired(): Promise<number>
  /** Adds the channel, or replaces the one of that name except for its credentials. */
  saveChannel(input: { channel: ChannelDraft; at: Date }): Promise<{ channelId: string }>
  /** Adds the channel with its credentials; undefined, without a change, when the name exists. */
  insertChannel(input: {
    channel: ChannelDraft
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<Channel | undefined>
  /**
   * Changes the given fields, and adds the credentials that the channel does not have. When the origin of its
   * base URL changes, credentials that are not given again are retired, and the health of the others is reset;
   * without given credentials and with a pool that is not empty, nothing changes (`secrets-needed`). Throws
   * `not_found`, and `invalid_value` for an invalid base URL.
   */
  changeChannel(input: {
    channelId: string
    change: ChannelChange
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<
    { outcome: 'changed'; channel: Channel; retired: number } | { outcome: 'secrets-needed' }
  >
  /** Adds the credentials that the channel does not have. Throws `not_found` for an unknown channel. */
  addCredentials(input: {
    channelId: string
    credentials: readonly NewCredential[]
    at: Date
  }): Promise<{ added: number; known: number }>
  /**
   * Sets the state for an operator and raises the epoch, so that earlier health is ignored. `active` always
   * counts as a change; a retired credential stays retired, and one whose state is not in `from` is unchanged.
   * Throws `not_found`.
   */
  setCredentialState(input: {
    credentialId: string
    state: CredentialState
    from?: readonly CredentialState[] | undefined
    at: Date
  }): Promise<{ changed: boolean; channelId: string }>
  /**
   * Writes new health of the current epoch. Returns how many credentials changed. Attention raises the version;
   * a cooldown alone does not.
   */
  writeHealth(input: { rows: readonly LastingHealth[]; at: Date }): Promise<number>
}
