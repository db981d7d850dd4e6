import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { mapParamNames } from './map-param-names.ts'

type Call = Pick<
  ControlCall<'addCredentials'>,
  'session' | 'params' | 'body' | 'requestId' | 'address'
>

/** Adds secrets to a pool; existing ones are skipped. Throws `not_found`, `invalid_value`. */
export async function addCredentials(
  deps: ChannelDeps,
  call: Call,
): Promise<Decoded<'addCredentials'>['answer']> {
  const { params, body } = call
  const concurrencyMax = body.concurrency_max
  const credentials = body.secrets.map((secret) => ({ secret, concurrencyMax }))
  const counts = await mapParamNames(
    deps.scheduler.importCredentials({ channelId: params.id, credentials }),
  )
  recordAction(deps, call, { act: 'channel.add-credentials', target: params.id, facts: counts })
  return counts
}
