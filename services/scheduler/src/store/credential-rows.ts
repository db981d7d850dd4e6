import type { Tables } from '@sluice/db/tables'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import type { CatalogStore, LastingHealth } from './catalog-store.ts'
import { raiseVersion } from './raise-version.ts'

/** Adds the credentials that the channel does not have. The caller raises the version. */
export async function addCredentials(
  trx: Transaction<Tables>,
  { channelId, credentials, at }: Parameters<CatalogStore['addCredentials']>[0],
): Promise<{ added: number; known: number }> {
  // Locked until the commit: the channel must not move to another origin while a secret is added.
  const channel = trx.selectFrom('channels').select('id').where('id', '=', channelId).forShare()
  if (!(await channel.executeTakeFirst())) throw new AppError('not_found', 'no such channel')
  if (credentials.length === 0) return { added: 0, known: 0 }
  const rows = credentials.map(({ id, secret, fingerprint, concurrencyMax }) => ({
    id,
    channel_id: channelId,
    secret: JSON.stringify(secret),
    fingerprint,
    concurrency_max: concurrencyMax,
    state: 'active',
    created_at: at,
    state_changed_at: at,
  }))
  const inserted = await trx
    .insertInto('credentials')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .execute()
  const added = inserted.length
  return { added, known: credentials.length - added }
}

export async function setCredentialState(
  trx: Transaction<Tables>,
  { credentialId, state, from, at }: Parameters<CatalogStore['setCredentialState']>[0],
): Promise<{ changed: boolean; channelId: string }> {
  const before = await trx
    .selectFrom('credentials')
    .select(['channel_id', 'state'])
    .where('id', '=', credentialId)
    .forUpdate()
    .executeTakeFirst()
  if (before === undefined) throw new AppError('not_found', 'no such credential')
  const changed =
    before.state !== 'retired' &&
    (before.state !== state || state === 'active') &&
    (from === undefined || from.some((one) => one === before.state))
  if (changed) {
    await trx
      .updateTable('credentials')
      .set(({ eb }) => ({
        state,
        state_reason: null,
        cooling_until: null,
        epoch: eb('epoch', '+', 1),
        state_changed_at: at,
      }))
      .where('id', '=', credentialId)
      .execute()
    await raiseVersion(trx, at)
  }
  return { changed, channelId: before.channel_id }
}

/**
 * For a channel that moves to another origin: retires the credentials whose secrets were not given again, and
 * resets the health of the others. Returns how many were retired.
 */
export async function retireForNewOrigin(
  trx: Transaction<Tables>,
  { channelId, fingerprints, at }: { channelId: string; fingerprints: readonly string[]; at: Date },
): Promise<number> {
  const rows = await trx
    .selectFrom('credentials')
    .select(['id', 'state', 'fingerprint'])
    .where('channel_id', '=', channelId)
    .where('state', '!=', 'retired')
    .orderBy('id')
    .forUpdate()
    .execute()
  const isGiven = (row: { fingerprint: string }) => fingerprints.includes(row.fingerprint)
  const retired = rows.filter((row) => !isGiven(row)).map(({ id }) => id)
  const reset = rows.filter((row) => isGiven(row) && row.state !== 'paused').map(({ id }) => id)
  for (const [state, ids] of [
    ['retired', retired],
    ['active', reset],
  ] as const) {
    if (ids.length === 0) continue
    await trx
      .updateTable('credentials')
      .set(({ eb }) => ({
        ...clearedHealth,
        state,
        epoch: eb('epoch', '+', 1),
        state_changed_at: at,
      }))
      .where('id', 'in', ids)
      .execute()
  }
  return retired.length
}

const clearedHealth = { state_reason: null, cooling_until: null }

export async function writeHealth(
  trx: Transaction<Tables>,
  { rows, at }: { rows: readonly LastingHealth[]; at: Date },
): Promise<number> {
  // Locked in order of id: replicas that write the same rows must not deadlock.
  const locked = sql`
    select id from credentials
    where id = any(${rows.map((row) => row.credentialId)}::text[]) order by id for update`
  await locked.execute(trx)
  const { rows: updated } = await sql<{ attention: boolean }>`
    update credentials
    set state = case when health.attention is null then credentials.state else 'attention' end,
        state_reason = coalesce(health.attention, state_reason),
        state_changed_at = case when health.attention is null then state_changed_at
                                else ${at}::timestamptz end,
        cooling_until = greatest(credentials.cooling_until, health.cooling_until)
    from unnest(
      ${rows.map((row) => row.credentialId)}::text[],
      ${rows.map((row) => row.epoch)}::int[],
      ${rows.map((row) => row.attention)}::text[],
      ${rows.map((row) => row.coolingUntil)}::timestamptz[]
    ) as health (id, epoch, attention, cooling_until)
    where credentials.id = health.id
      and credentials.epoch = health.epoch
      and credentials.state = 'active'
      and (health.attention is not null
        or health.cooling_until > coalesce(credentials.cooling_until, '-infinity'))
    returning health.attention is not null as attention`.execute(trx)
  assert(updated.length <= rows.length, 'health is written to the given credentials only')
  // Cooldowns are frequent: they are announced without a new version, so that readers need not reload the rows.
  if (updated.some(({ attention }) => attention)) await raiseVersion(trx, at)
  return updated.length
}
