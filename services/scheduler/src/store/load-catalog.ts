import type { ChannelModel } from '@sluice/contracts/scheduler.contract'
import { channelModel, credentialState, dialect } from '@sluice/contracts/scheduler.contract'
import type { Tables } from '@sluice/db/tables'
import { assert } from '@sluice/kernel/assert'
import type { Kysely, Selectable, Transaction } from 'kysely'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'

/** The whole catalog in one snapshot. */
export function loadCatalog(db: Kysely<Tables>): Promise<{ version: number; channels: Channel[] }> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const { version } = await trx
        .selectFrom('catalog_version')
        .select('version')
        .executeTakeFirstOrThrow()
      return { version, channels: await loadChannels(trx) }
    })
}

/** One channel, with the changes of the transaction. */
export async function loadChannel(trx: Transaction<Tables>, id: string): Promise<Channel> {
  const [channel] = await loadChannels(trx, id)
  assert(channel !== undefined, 'the written channel exists')
  return channel
}

async function loadChannels(trx: Transaction<Tables>, only?: string): Promise<Channel[]> {
  const channels = await trx
    .selectFrom('channels')
    .selectAll()
    .$if(only !== undefined, (query) => query.where('id', '=', only ?? ''))
    .orderBy('name')
    .execute()
  const models = await trx
    .selectFrom('channel_models')
    .selectAll()
    .$if(only !== undefined, (query) => query.where('channel_id', '=', only ?? ''))
    .orderBy('model')
    .execute()
  const credentials = await trx
    .selectFrom('credentials')
    .selectAll()
    .$if(only !== undefined, (query) => query.where('channel_id', '=', only ?? ''))
    .where('state', '!=', 'retired')
    .orderBy('id')
    .execute()
  const modelsOf = Map.groupBy(models, (row) => row.channel_id)
  const credentialsOf = Map.groupBy(credentials, (row) => row.channel_id)
  return channels.map((row) => ({
    id: row.id,
    name: row.name,
    dialect: dialect.parse(row.dialect),
    baseUrl: row.base_url,
    priority: row.priority,
    weight: row.weight,
    enabled: row.enabled,
    models: (modelsOf.get(row.id) ?? []).map(toModel),
    settings: row.settings,
    credentials: (credentialsOf.get(row.id) ?? []).map(toCredential),
  }))
}

function toModel(row: Selectable<Tables['channel_models']>): ChannelModel {
  return channelModel.parse({
    model: row.model,
    upstreamModel: row.upstream_model,
    kinds: row.kinds,
    ...(row.output_tokens_max === null ? {} : { outputTokensMax: row.output_tokens_max }),
  })
}

function toCredential(row: Selectable<Tables['credentials']>): Credential {
  return {
    id: row.id,
    channelId: row.channel_id,
    state: credentialState.parse(row.state),
    stateReason: row.state_reason,
    concurrencyMax: row.concurrency_max,
    epoch: row.epoch,
    coolingUntil: row.cooling_until,
    secret: row.secret,
  }
}
