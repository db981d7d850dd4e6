import type { ColumnType, Generated } from 'kysely'

/** A configured upstream endpoint. */
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

/** A model of a channel under its public name. */
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
  /** SHA-256 of channel and secret, hex; detects repeated imports. */
  fingerprint: string
  concurrency_max: number
  state: string
  state_reason: string | null
  /** Incremented when an operator sets the state; health data of an older epoch is discarded. */
  epoch: Generated<number>
  cooling_until: Date | null
  created_at: Date
  state_changed_at: Date
}

/** One row; incremented with every change of the three tables above, in the same transaction. */
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
