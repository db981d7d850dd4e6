import type { Tables } from '@sluice/db/tables'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import type { CatalogStore, LastingHealth } from './catalog-store.ts'
import { raiseVersion } from './raise-version.ts'

/** Adds those that the channel does not have. Leaves the version to its caller. */
export async function addCredentials(
  trx: Transaction<Tables>,
  { channelId, credentials, at }: Parameters<CatalogStore['addCredentials']>[0],
): Promise<{ added: number; known: number }> {
  // Held until the end: the channel must not move to another host while it gets a secret.
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
 * The channel goes to another host: its secrets do not, but for those that were named again. What was
 * learned of these is about the other host. Answers how many were retired.
 */
export async function leaveBehind(
  trx: Transaction<Tables>,
  { channelId, kept, at }: { channelId: string; kept: readonly string[]; at: Date },
): Promise<number> {
  const rows = await trx
    .selectFrom('credentials')
    .select(['id', 'state', 'fingerprint'])
    .where('channel_id', '=', channelId)
    .where('state', '!=', 'retired')
    .orderBy('id')
    .forUpdate()
    .execute()
  const stays = (row: { fingerprint: string }) => kept.includes(row.fingerprint)
  const retired = rows.filter((row) => !stays(row)).map(({ id }) => id)
  const anew = rows.filter((row) => stays(row) && row.state !== 'paused').map(({ id }) => id)
  for (const [state, ids] of [
    ['retired', retired],
    ['active', anew],
  ] as const) {
    if (ids.length === 0) continue
    await trx
      .updateTable('credentials')
      .set(({ eb }) => ({ ...blank, state, epoch: eb('epoch', '+', 1), state_changed_at: at }))
      .where('id', 'in', ids)
      .execute()
  }
  return retired.length
}

const blank = { state_reason: null, cooling_until: null }

export async function writeHealth(
  trx: Transaction<Tables>,
  { rows, at }: { rows: readonly LastingHealth[]; at: Date },
): Promise<number> {
  // In order of id: two replicas that write the same rows must not wait for each other in a ring.
  const locked = sql`
    select id from credentials
    where id = any(${rows.map((row) => row.credentialId)}::text[]) order by id for update`
  await locked.execute(trx)
  const { rows: updated } = await sql<{ attention: boolean }>`
    update credentials
    set state = case when learned.attention is null then credentials.state else 'attention' end,
        state_reason = coalesce(learned.attention, state_reason),
        state_changed_at = case when learned.attention is null then state_changed_at
                                else ${at}::timestamptz end,
        cooling_until = greatest(credentials.cooling_until, learned.cooling_until)
    from unnest(
      ${rows.map((row) => row.credentialId)}::text[],
      ${rows.map((row) => row.epoch)}::int[],
      ${rows.map((row) => row.attention)}::text[],
      ${rows.map((row) => row.coolingUntil)}::timestamptz[]
    ) as learned (id, epoch, attention, cooling_until)
    where credentials.id = learned.id
      and credentials.epoch = learned.epoch
      and credentials.state = 'active'
      and (learned.attention is not null
        or learned.cooling_until > coalesce(credentials.cooling_until, '-infinity'))
    returning learned.attention is not null as attention`.execute(trx)
  assert(updated.length <= rows.length, 'health is written to the credentials that it is about')
  // Rests come and go with traffic: they are announced, and never have every reader ask for a version.
  if (updated.some(({ attention }) => attention)) await raiseVersion(trx, at)
  return updated.length
}
