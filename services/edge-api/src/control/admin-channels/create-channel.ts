import { AppError } from '@sluice/kernel/app-error'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { checkBaseUrl } from './check-base-url.ts'
import { confine } from './confine.ts'
import { mapParamNames } from './map-param-names.ts'
import type { ChannelDto } from './channel-dto.ts'
import { readModel, toChannelDto } from './channel-dto.ts'

type Call = Pick<ControlCall<'createChannel'>, 'session' | 'body' | 'requestId' | 'address'>

/** Adds a channel with its pool. Throws `name_taken`, and `invalid_value` with the wrong field. */
export async function createChannel(deps: ChannelDeps, call: Call): Promise<ChannelDto> {
  const { name, dialect, base_url: baseUrl, priority, weight, enabled, ...rest } = call.body
  checkBaseUrl(deps, { dialect, baseUrl })
  const { secrets, concurrency_max: concurrencyMax } = rest
  const answer = await mapParamNames(
    deps.scheduler.createChannel({
      name,
      dialect,
      baseUrl,
      priority,
      weight,
      enabled,
      models: rest.models.map(readModel),
      settings: rest.settings,
      credentials: secrets.map((secret) => ({ secret, concurrencyMax })),
    }),
  )
  if (answer.outcome === 'name-taken') {
    const message = `There is a channel named ${name} already. Change that one, or choose another name.`
    throw new AppError('name_taken', message, { param: 'name' })
  }
  const { channel } = answer
  const facts = { name, dialect, enabled, credentials: channel.credentials.length }
  recordAction(deps, call, { act: 'channel.create', target: channel.id, facts })
  await confine(deps, call)
  return toChannelDto(channel)
}
