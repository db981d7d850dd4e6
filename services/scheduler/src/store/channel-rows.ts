import { mergeSettings } from '@sluice/contracts/channel-settings'
import type { Tables } from '@sluice/db/tables'
import { AppError } from '@sluice/kernel/app-error'
import { mapPatch } from '@sluice/kernel/map-patch'
import type { Transaction, Updateable } from 'kysely'

import { checkBaseUrl, sameOrigin } from '../catalog/base-url.ts'
import type { Channel } from '../catalog/channel.ts'
import { checkSettings } from '../catalog/check-settings.ts'
import type { ChannelChange } from '@sluice/contracts/scheduler.contract'
import { dialect } from '@sluice/contracts/scheduler.contract'
import type { CatalogStore, ChannelDraft } from './catalog-store.ts'
import { addCredentials, retireForNewOrigin } from './credential-rows.ts'
import { loadChannel } from './load-catalog.ts'
import { raiseVersion } from './raise-version.ts'

/** Adds the channel, or replaces the one of that name. */
export async function saveChannel(
  trx: Transaction<Tables>,
  { channel, at }: { channel: ChannelDraft; at: Date },
): Promise<string> {
  const facts = toColumns(channel, at)
  const { id } = await trx
    .insertInto('channels')
    .values({ ...facts, id: channel.newChannelId, created_at: at })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(facts))
    .returning('id')
    .executeTakeFirstOrThrow()
  await replaceModels(trx, { channelId: id, models: channel.models })
  return id
}

/** Adds the channel with its credentials; undefined when the name exists. */
export async function insertChannel(
  trx: Transaction<Tables>,
  { channel, credentials, at }: Parameters<CatalogStore['insertChannel']>[0],
): Promise<Channel | undefined> {
  const inserted = await trx
    .insertInto('channels')
    .values({ ...toColumns(channel, at), id: channel.newChannelId, created_at: at })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!inserted) return undefined
  const channelId = inserted.id
  await replaceModels(trx, { channelId, models: channel.models })
  await addCredentials(trx, { channelId, credentials, at })
  await raiseVersion(trx, at)
  return loadChannel(trx, channelId)
}

/** Changes the given fields. Rows are locked in the order channel, credentials, version. */
export async function changeChannel(
  trx: Transaction<Tables>,
  { channelId, change, credentials, at }: Parameters<CatalogStore['changeChannel']>[0],
): ReturnType<CatalogStore['changeChannel']> {
  const before = await trx
    .selectFrom('channels')
    .select(['dialect', 'base_url', 'settings'])
    .where('id', '=', channelId)
    .forUpdate()
    .executeTakeFirst()
  if (!before) throw new AppError('not_found', 'no such channel')
  const { baseUrl = before.base_url, models } = change
  const parsedDialect = dialect.parse(before.dialect)
  checkBaseUrl({ dialect: parsedDialect, baseUrl })
  const settings = change.settings && mergeSettings(before.settings, change.settings)
  if (settings) checkSettings({ dialect: parsedDialect, settings })
  let retired = 0
  if (!sameOrigin(before.base_url, baseUrl)) {
    if (credentials.length === 0 && (await hasPool(trx, channelId)))
      return { outcome: 'secrets-needed' }
    const fingerprints = credentials.map(({ fingerprint }) => fingerprint)
    retired = await retireForNewOrigin(trx, { channelId, fingerprints, at })
  }
  await trx
    .updateTable('channels')
    .set({
      updated_at: at,
      ...mapPatch<ChannelChange, Updateable<Tables['channels']>>(change, {
        baseUrl: (url) => ({ base_url: url }),
        priority: (priority) => ({ priority }),
        weight: (weight) => ({ weight }),
        enabled: (enabled) => ({ enabled }),
        settings: () => ({ settings: JSON.stringify(settings) }),
        // Rows of their own.
        models: () => ({}),
      }),
    })
    .where('id', '=', channelId)
    .execute()
  if (models) await replaceModels(trx, { channelId, models })
  await addCredentials(trx, { channelId, credentials, at })
  await raiseVersion(trx, at)
  return { outcome: 'changed', channel: await loadChannel(trx, channelId), retired }
}

async function hasPool(trx: Transaction<Tables>, channelId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('credentials')
    .select('id')
    .where('channel_id', '=', channelId)
    .where('state', '!=', 'retired')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

function toColumns(channel: ChannelDraft, at: Date) {
  return {
    name: channel.name,
    dialect: channel.dialect,
    base_url: channel.baseUrl,
    priority: channel.priority,
    weight: channel.weight,
    enabled: channel.enabled,
    settings: JSON.stringify(channel.settings),
    updated_at: at,
  }
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
