import type { ColumnType, Generated } from 'kysely'

export interface UsersTable {
  id: string
  /** In lower case. */
  email: string
  role: 'admin' | 'user'
  /** Written by releases without `sign_in_methods`; a row there takes precedence. */
  password_hash: string | null
  wallet: string
  created_at: Date
  /** Set together. A banned user's sessions and keys are rejected. */
  banned_at: Generated<Date | null>
  ban_reason: Generated<string | null>
  /** The administrator's id; null for an operator's command. */
  banned_by: Generated<string | null>
  /** Accurate to a few minutes. */
  last_seen_at: Generated<Date | null>
}

/** The sign-in methods of users. */
export interface SignInMethodsTable {
  /** `password`, or the name of an identity provider. */
  kind: string
  /** The user's id at the identity provider; the own user id for a password. */
  subject: string
  user_id: string
  /** PHC string of a password. */
  secret_hash: string | null
  created_at: Date
  updated_at: Date
}

/** Tokens are signed and not stored: they are derived from a session's id and generation. */
export interface SessionsTable {
  id: string
  user_id: string
  created_at: Date
  seen_at: Date
  /** Extended while the session is used. */
  expires_at: Date
  /** The number of the valid refresh token: 1, 2, 3, … */
  generation: number
  rotated_at: Date
  ended_at: Date | null
  end_reason: string | null
}

/** API keys. Only a keyed hash is stored; `prefix` identifies a key for users. */
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
  /** The requests of a signed-in user count under a `panel` key: hidden, one per user, without a secret. */
  kind: Generated<'caller' | 'panel'>
  /** The spending limit per UTC day. */
  daily_quota_micro: Generated<bigint | null>
  /** IP allowlist: CIDR, always with a prefix length; null allows every address. */
  networks: Generated<string[] | null>
  /** Accurate to a minute. */
  last_used_at: Generated<Date | null>
  /** The revision of its last change or its owner's ban; set by a trigger. */
  revision: Generated<bigint>
}

/** The use of daily quotas. */
export interface ApiKeyDaysTable {
  api_key_id: string
  /** UTC, `2026-11-21`. Never selected directly: the driver would parse it as a local midnight. */
  day: ColumnType<never, string, never>
  /** The sum of the day's open reservations. */
  reserved_micro: bigint
  spent_micro: bigint
}

/** Parts of a daily quota reserved for one request or image job. */
export interface ApiKeyReservationsTable {
  /** The request's id, or the image job's. */
  ref: string
  api_key_id: string
  day: ColumnType<never, string, never>
  amount_micro: bigint
  opened_at: Date
  /** Set together. Settled rows are retained for a while, so that a late retry does not reserve again. */
  settled_at: Generated<Date | null>
  spent_micro: Generated<bigint | null>
}

/** One row per request, partitioned by day. Not relevant for billing: rows may be lost with a process. */
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
  /** The image task that it created or joined. */
  task_id: string | null
}

/** Responses by Idempotency-Key. */
export interface IdempotencyAnswersTable {
  api_key_id: string
  route: string
  key: string
  body_hash: string
  state: 'running' | 'done'
  /** The edge that executes the request; its claim ends with the lease. */
  holder: string
  lease_until: Date
  status: number | null
  content_type: string | null
  request_id: string | null
  /** Null while the request is running, and for a body above the size limit. */
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
