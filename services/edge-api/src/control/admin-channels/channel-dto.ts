import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'
import type { AllRead } from '@sluice/kernel/map-patch'

import { reasonText } from './failure-texts.ts'

export type ChannelDto = Decoded<'getChannel'>['answer']
type ModelDto = ChannelDto['models'][number]

/** A channel for operators. Contains neither secrets nor their sealed form. */
export function toChannelDto(channel: CatalogChannel): ChannelDto {
  const { id, name, dialect, baseUrl, priority, weight, enabled, models, credentials } = channel
  return {
    id,
    name,
    dialect,
    base_url: baseUrl,
    priority,
    weight,
    enabled,
    models: models.map(toModelDto),
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

function toModelDto({ model, upstreamModel, kinds, outputTokensMax }: ChannelModel): ModelDto {
  return {
    model,
    upstream_model: upstreamModel,
    kinds,
    ...(outputTokensMax !== undefined && { output_tokens_max: outputTokensMax }),
  }
}

/** The inverse: converts a submitted model to the scheduler's format. */
export function readModel(shown: ModelDto): ChannelModel {
  const { model, kinds, upstream_model: upstreamModel, ...limits } = shown
  const { output_tokens_max: outputTokensMax, ...rest } = limits
  rest satisfies AllRead
  return {
    model,
    upstreamModel,
    kinds: [...new Set(kinds)],
    ...(outputTokensMax !== undefined && { outputTokensMax }),
  }
}
