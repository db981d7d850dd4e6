import type { ColumnType, Generated } from 'kysely'

export interface UsersTable {
  id: string
  /** In lower case. */
  email: string
  role: 'admin' | 'user'
  /** Written by releases without `sign_in_methods`, whose row counts where there is one. */
  password_hash: string | null
  wallet: string
  created_at: Date
  /** Set together: nothing of a banned person's works. */
  banned_at: Generated<Date | null>
  ban_reason: Generated<string | null>
  /** Who did it; null for an operator's command. */
  banned_by: Generated<string | null>
  /** Within minutes. */
  last_seen_at: Generated<Date | null>
}

/** The ways in which a person signs in. */
export interface SignInMethodsTable {
  /** `password`, or the name of who vouches for them. */
  kind: string
  /** What they are called there; the user's id for a password. */
  subject: string
  user_id: string
  /** PHC string of a password. */
  secret_hash: string | null
  created_at: Date
  updated_at: Date
}

/** Tokens are signed and stand in no row: a session's are made of its id and its generation. */
export interface SessionsTable {
  id: string
  user_id: string
  created_at: Date
  seen_at: Date
  /** Moves on while the session is used. */
  expires_at: Date
  /** Which refresh token is the valid one: 1, 2, 3, … */
  generation: number
  rotated_at: Date
  ended_at: Date | null
  end_reason: string | null
}

/** Callers' keys. Only a keyed hash is kept; `prefix` is what people recognise a key by. */
export interface ApiKeysTable {
  id: string
  user_id: string
  wallet: string
  key_hash: string
  prefix: string
  name: string
  /** Requests in any 60 seconds. */
  rpm_limit: number | null
  /** Public model names; null is all. */
  models: string[] | null
  expires_at: Date | null
  revoked_at: Date | null
  created_at: Date
  /** A panel key is what a signed-in person's requests count under: hidden, one a person, without a secret. */
  kind: Generated<'caller' | 'panel'>
  /** What may be spent in one day of UTC. */
  daily_quota_micro: Generated<bigint | null>
  /** Where it may be used from: CIDR with its length always written; null is everywhere. */
  networks: Generated<string[] | null>
  /** Within a minute. */
  last_used_at: Generated<Date | null>
  /** Of its last change, or its owner's ban; written by a trigger. */
  revision: Generated<bigint>
}

/** What keys with a daily quota have used of it. */
export interface ApiKeyDaysTable {
  api_key_id: string
  /** In UTC, `2026-11-21`. Not selected as it is: the driver would make it a local midnight. */
  day: ColumnType<never, string, never>
  /** The sum of the day's open reservations. */
  reserved_micro: bigint
  spent_micro: bigint
}

/** Parts of a day's quota that one request or image job may spend. */
export interface ApiKeyReservationsTable {
  /** The request's id, or the image job's. */
  ref: string
  api_key_id: string
  day: ColumnType<never, string, never>
  amount_micro: bigint
  opened_at: Date
  /** Set together. Settled rows stay for a while, so that a late repeat does not reserve again. */
  settled_at: Generated<Date | null>
  spent_micro: Generated<bigint | null>
}

/** One row a request, in partitions by day. Not money: a row may be lost with its process. */
export interface RequestLogTable {
  request_id: string
  received_at: Date
  api_key_id: string | null
  wallet: string | null
  route: string
  model: string | null
  channel_id: string | null
  credential_id: string | null
  status: number
  error_code: string | null
  streamed: boolean
  attempts: number
  input_tokens: number | null
  output_tokens: number | null
  amount_micro: bigint
  first_byte_ms: number | null
  duration_ms: number
  /** The image task that it became, or joined. */
  task_id: string | null
}

/** Answers by Idempotency-Key. */
export interface IdempotencyAnswersTable {
  api_key_id: string
  route: string
  key: string
  body_hash: string
  state: 'running' | 'done'
  /** The edge that runs it; its claim ends with the lease. */
  holder: string
  lease_until: Date
  status: number | null
  content_type: string | null
  request_id: string | null
  /** Null when it is running, or was larger than what is kept. */
  body: ColumnType<Buffer | null, Uint8Array | null, Uint8Array | null>
  expires_at: Date
  created_at: Generated<Date>
}

/** Tables of edge-api. */
export interface EdgeTables {
  users: UsersTable
  sign_in_methods: SignInMethodsTable
  sessions: SessionsTable
  api_keys: ApiKeysTable
  api_key_days: ApiKeyDaysTable
  api_key_reservations: ApiKeyReservationsTable
  request_log: RequestLogTable
  idempotency_answers: IdempotencyAnswersTable
}
