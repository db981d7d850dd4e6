import type { ChannelChange } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import { mapPatch } from '@sluice/kernel/map-patch'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { checkBaseUrl } from './check-base-url.ts'
import { confine } from './confine.ts'
import { findChannel } from './find-channel.ts'
import { mapParamNames } from './map-param-names.ts'
import type { ChannelDto } from './channel-dto.ts'
import { readModel, toChannelDto } from './channel-dto.ts'

type Call = Pick<
  ControlCall<'editChannel'>,
  'session' | 'params' | 'body' | 'requestId' | 'address'
>

/**
 * Changes only the given fields. Throws `not_found`, `invalid_value` with the wrong field, and
 * `missing_required_parameter` for a change to another host without secrets for it.
 */
export async function editChannel(deps: ChannelDeps, call: Call): Promise<ChannelDto> {
  const { params, body } = call
  const { base_url: baseUrl, secrets, concurrency_max: concurrencyMax } = body
  if (baseUrl !== undefined) {
    const { dialect } = await findChannel(deps, params.id)
    checkBaseUrl(deps, { dialect, baseUrl })
  }
  const answer = await mapParamNames(
    deps.scheduler.changeChannel({
      channelId: params.id,
      change: changeOf(body),
      ...(secrets && { credentials: secrets.map((secret) => ({ secret, concurrencyMax })) }),
    }),
  )
  if (answer.outcome === 'secrets-needed') throw secretsNeeded()
  const { channel, retired } = answer
  const { id: target, baseUrl: url } = channel
  const changed = Object.keys(body).filter((field) => field !== 'concurrency_max')
  const origin = URL.parse(url)?.origin ?? null
  const facts = { changed, enabled: channel.enabled, origin, retiredCredentials: retired }
  recordAction(deps, call, { act: 'channel.edit', target, facts })
  await confine(deps, call)
  return toChannelDto(channel)
}

function changeOf(body: Call['body']): ChannelChange {
  return mapPatch<Call['body'], ChannelChange>(body, {
    base_url: (baseUrl) => ({ baseUrl }),
    priority: (priority) => ({ priority }),
    weight: (weight) => ({ weight }),
    enabled: (enabled) => ({ enabled }),
    models: (models) => ({ models: models.map(readModel) }),
    settings: (settings) => ({ settings }),
    // The new credentials, which are sent beside the change.
    secrets: () => ({}),
    concurrency_max: () => ({}),
  })
}

function secretsNeeded(): AppError {
  const message =
    'This address is on another host, and the secrets of this channel were not entered for it. Send the secrets for it too; the current ones are then retired.'
  return new AppError('missing_required_parameter', message, { param: 'secrets' })
}
