import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'

import { reasonText } from './failure-texts.ts'

export type ShownChannel = Decoded<'getChannel'>['answer']
type ShownModel = ShownChannel['models'][number]

/** A channel as an operator sees it. Of its secrets not even the sealed boxes are shown. */
export function showChannel(channel: CatalogChannel): ShownChannel {
  const { id, name, dialect, baseUrl, priority, weight, enabled, models, credentials } = channel
  return {
    id,
    name,
    dialect,
    base_url: baseUrl,
    priority,
    weight,
    enabled,
    models: models.map(showModel),
    settings: channel.settings,
    credentials: credentials.map((credential) => ({
      id: credential.id,
      state: credential.state,
      reason: typeof credential.reason === 'string' ? reasonText(credential.reason) : null,
      concurrency_max: credential.concurrencyMax,
      cooling_until: credential.coolingUntil,
      restrictions: (credential.restrictions ?? []).map(({ kind, operation, model, until }) => ({
        kind,
        operation: operation ?? null,
        model: model ?? null,
        until,
      })),
    })),
  }
}

function showModel({ model, upstreamModel, kinds, outputTokensMax }: ChannelModel): ShownModel {
  return {
    model,
    upstream_model: upstreamModel,
    kinds,
    ...(outputTokensMax !== undefined && { output_tokens_max: outputTokensMax }),
  }
}

/** The same as it was sent, as the scheduler takes it. */
export function readModel(shown: ShownModel): ChannelModel {
  const { model, upstream_model: upstreamModel, output_tokens_max: outputTokensMax } = shown
  return {
    model,
    upstreamModel,
    kinds: [...new Set(shown.kinds)],
    ...(outputTokensMax !== undefined && { outputTokensMax }),
  }
}
