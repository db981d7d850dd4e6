import { whileDatabaseIsThere } from '@sluice/db/database-away'
import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { CatalogStore, ChannelDraft, LastingHealth } from './catalog-store.ts'
import { loadCatalog } from './load-catalog.ts'

/** The writer announces by itself; the outbox says it again when that did not happen. */
const ANNOUNCE_MS = 1_000

export function createKyselyCatalogStore({ db }: { db: Kysely<Tables> }): CatalogStore {
  const inTransaction = <Result>(work: (trx: Transaction<Tables>) => Promise<Result>) =>
    whileDatabaseIsThere(() => withTransaction(db, work))
  return {
    load: () => whileDatabaseIsThere(() => loadCatalog(db)),
    readVersion: () => whileDatabaseIsThere(() => readVersion(db)),
    saveChannel: ({ channel, at }) =>
      inTransaction(async (trx) => {
        const channelId = await saveChannel(trx, { channel, at })
        await replaceModels(trx, { channelId, models: channel.models })
        await raiseVersion(trx, at)
        return { channelId }
      }),
    addCredentials: (input) => inTransaction((trx) => addCredentials(trx, input)),
    setCredentialState: (input) => inTransaction((trx) => setCredentialState(trx, input)),
    writeHealth: (input) => inTransaction((trx) => writeHealth(trx, input)),
  }
}

async function readVersion(db: Kysely<Tables>): Promise<number> {
  const row = await db.selectFrom('catalog_version').select('version').executeTakeFirstOrThrow()
  return row.version
}

/** Last in every transaction: the row's lock makes versions grow in the order of commits. */
async function raiseVersion(trx: Transaction<Tables>, at: Date): Promise<void> {
  await trx
    .updateTable('catalog_version')
    .set(({ eb }) => ({ version: eb('version', '+', 1) }))
    .execute()
  await writeOutbox(trx, {
    topic: 'catalog-changed',
    key: 'catalog',
    payload: {},
    dueAt: new Date(at.getTime() + ANNOUNCE_MS),
  })
}

async function saveChannel(
  trx: Transaction<Tables>,
  { channel, at }: { channel: ChannelDraft; at: Date },
): Promise<string> {
  const facts = {
    name: channel.name,
    dialect: channel.dialect,
    base_url: channel.baseUrl,
    priority: channel.priority,
    weight: channel.weight,
    enabled: channel.enabled,
    settings: JSON.stringify(channel.settings),
    updated_at: at,
  }
  const { id } = await trx
    .insertInto('channels')
    .values({ ...facts, id: channel.newChannelId, created_at: at })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(facts))
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

async function replaceModels(
  trx: Transaction<Tables>,
  { channelId, models }: { channelId: string; models: ChannelDraft['models'] },
): Promise<void> {
  await trx.deleteFrom('channel_models').where('channel_id', '=', channelId).execute()
  const rows = models.map(({ model, upstreamModel, kinds, outputTokensMax }) => ({
    channel_id: channelId,
    model,
    upstream_model: upstreamModel,
    kinds,
    output_tokens_max: outputTokensMax ?? null,
  }))
  await trx.insertInto('channel_models').values(rows).execute()
}

async function addCredentials(
  trx: Transaction<Tables>,
  { channelId, credentials, at }: Parameters<CatalogStore['addCredentials']>[0],
): Promise<{ added: number; known: number }> {
  const channel = trx.selectFrom('channels').select('id').where('id', '=', channelId)
  if (!(await channel.executeTakeFirst())) throw new AppError('not_found', 'no such channel')
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
  if (added > 0) await raiseVersion(trx, at)
  return { added, known: credentials.length - added }
}

async function setCredentialState(
  trx: Transaction<Tables>,
  { credentialId, state, at }: Parameters<CatalogStore['setCredentialState']>[0],
): Promise<{ changed: boolean; channelId: string }> {
  const before = await trx
    .selectFrom('credentials')
    .select(['channel_id', 'state'])
    .where('id', '=', credentialId)
    .forUpdate()
    .executeTakeFirst()
  if (before === undefined) throw new AppError('not_found', 'no such credential')
  const changed = before.state !== 'retired' && (before.state !== state || state === 'active')
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

async function writeHealth(
  trx: Transaction<Tables>,
  { rows, at }: { rows: readonly LastingHealth[]; at: Date },
): Promise<number> {
  // In order of id: two replicas that write the same rows must not wait for each other in a ring.
  const locked = sql`
    select id from credentials
    where id = any(${rows.map((row) => row.credentialId)}::text[]) order by id for update`
  await locked.execute(trx)
  const updated = await sql`
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
        or learned.cooling_until > coalesce(credentials.cooling_until, '-infinity'))`.execute(trx)
  const changed = Number(updated.numAffectedRows ?? 0n)
  assert(changed <= rows.length, 'health is written to the credentials that it is about')
  if (changed > 0) await raiseVersion(trx, at)
  return changed
}
