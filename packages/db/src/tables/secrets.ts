import type { Generated } from 'kysely'

/** One row for each secret that this installation was set up with; the secret itself is not stored. */
export interface SecretChecksTable {
  /** The environment variable that holds the secret. */
  setting: string
  /** The id in a list of keys; empty for a setting with one key. */
  key_id: string
  /** HMAC of a constant under the secret, hex. */
  digest: string
  created_at: Generated<Date>
}

export interface SecretsTables {
  secret_checks: SecretChecksTable
}
