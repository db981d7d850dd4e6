/**
 * Checks that a process has the secrets that its database was set up with. With other secrets it would issue
 * API keys that edges reject, and seal upstream keys that other processes cannot open.
 */
import { createHmac } from 'node:crypto'

import type { Log } from '@sluice/kernel/log'
import type { Kysely } from 'kysely'

import type { Tables } from './tables.ts'

/** Secrets as in the environment; those that a process does not read are left out. */
export interface GivenSecrets {
  /** `id:base64[,id:base64]`, newest first. */
  SEALING_KEYS?: string | undefined
  /** `id:base64[,id:base64]`, newest first. */
  SIGNING_KEYS?: string | undefined
  /** Base64. */
  API_KEY_PEPPER?: string | undefined
}

export interface SecretCheck {
  setting: string
  keyId: string
  digest: string
}

const DIGEST_DIGITS = 32

/**
 * Throws WrongSecret when a secret does not match this database. A key with a new id is accepted beside a
 * known one, as in a rotation. `record` stores the checks of new keys, and of all keys on first use.
 */
export async function verifySecrets(
  db: Kysely<Tables>,
  { given, record }: { given: GivenSecrets; record: boolean },
): Promise<void> {
  const checks = checksOf(given)
  const known = await db
    .selectFrom('secret_checks')
    .select(['setting', 'key_id as keyId', 'digest'])
    .execute()
  const wrong = findWrong(known, checks)
  if (wrong !== undefined) throw new WrongSecret(wrongSecret(wrong))
  if (!record || checks.length === 0) return
  const rows = checks.map(({ setting, keyId, digest }) => ({ setting, key_id: keyId, digest }))
  await db
    .insertInto('secret_checks')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The same at the start of a service, which also starts when the database cannot be queried. */
export async function verifySecretsAtStart(
  db: Kysely<Tables>,
  { given, log }: { given: GivenSecrets; log: Log },
): Promise<void> {
  try {
    await verifySecrets(db, { given, record: true })
  } catch (err) {
    if (err instanceof WrongSecret) throw err
    log.warn({ err }, 'the secrets could not be compared with those of the database')
  }
}

/** A secret of the process does not match its database. */
export class WrongSecret extends Error {
  override readonly name = 'WrongSecret'
}

/** The setting that does not match the known checks; undefined when all match. */
export function findWrong(
  known: readonly SecretCheck[],
  given: readonly SecretCheck[],
): string | undefined {
  for (const [setting, own] of Map.groupBy(given, (check) => check.setting)) {
    const ofSetting = known.filter((check) => check.setting === setting)
    if (ofSetting.length === 0) continue
    const digestOf = new Map(ofSetting.map(({ keyId, digest }) => [keyId, digest]))
    const differs = own.some(({ keyId, digest }) => (digestOf.get(keyId) ?? digest) !== digest)
    if (differs || !own.some(({ keyId }) => digestOf.has(keyId))) return setting
  }
  return undefined
}

export function checksOf({ API_KEY_PEPPER, ...lists }: GivenSecrets): SecretCheck[] {
  const checks = Object.entries(lists).flatMap(([setting, list]) =>
    (list ?? '').split(',').flatMap((entry) => {
      const [keyId = '', key = ''] = entry.trim().split(':')
      return key === '' ? [] : [checkOf({ setting, keyId, key })]
    }),
  )
  if (!API_KEY_PEPPER) return checks
  return [...checks, checkOf({ setting: 'API_KEY_PEPPER', keyId: '', key: API_KEY_PEPPER })]
}

function checkOf({ setting, keyId, key }: { setting: string; keyId: string; key: string }) {
  const hmac = createHmac('sha256', Buffer.from(key, 'base64')).update(`sluice: check ${setting}`)
  return { setting, keyId, digest: hmac.digest('hex').slice(0, DIGEST_DIGITS) }
}

function wrongSecret(setting: string): string {
  return (
    `${setting} is not the one that this database was set up with. Set the SEALING_KEYS, SIGNING_KEYS ` +
    'and API_KEY_PEPPER of the running installation, or DATABASE_URL of the one that they belong to.'
  )
}
