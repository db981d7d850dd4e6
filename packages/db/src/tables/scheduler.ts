import type { ColumnType, Generated } from 'kysely'

/** A configured way to an upstream. */
export interface ChannelsTable {
  id: string
  name: string
  dialect: string
  base_url: string
  priority: number
  weight: number
  enabled: boolean
  settings: ColumnType<Record<string, unknown>, string, string>
  created_at: Date
  updated_at: Date
}

/** What a channel offers under a public name. */
export interface ChannelModelsTable {
  channel_id: string
  model: string
  upstream_model: string
  kinds: string[]
  output_tokens_max: number | null
}

export interface CredentialsTable {
  id: string
  channel_id: string
  /** A sealed box: `{ keyId, box }`. */
  secret: ColumnType<{ keyId: string; box: string }, string, string>
  /** SHA-256 of channel and secret, hex; tells a repeated import. */
  fingerprint: string
  concurrency_max: number
  state: string
  state_reason: string | null
  /** Grows when a person sets the state; health of an older epoch is forgotten. */
  epoch: Generated<number>
  cooling_until: Date | null
  created_at: Date
  state_changed_at: Date
}

/** One row: grows with every change of the three tables above, in the same transaction. */
export interface CatalogVersionTable {
  only_row: Generated<boolean>
  version: number
}

export interface SchedulerTables {
  channels: ChannelsTable
  channel_models: ChannelModelsTable
  credentials: CredentialsTable
  catalog_version: CatalogVersionTable
}
