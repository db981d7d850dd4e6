import type { MemoryOf } from '@sluice/contracts/control/operation-types'

import type { ControlCall } from '../handlers.ts'
import { recordAct } from '../record-act.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { inWordsOfTheApi } from './in-words-of-the-api.ts'

type Call = Pick<
  ControlCall<'addCredentials'>,
  'session' | 'params' | 'body' | 'requestId' | 'address'
>

/** Adds secrets to a pool; those it has are skipped. Throws `not_found`, `invalid_value`. */
export async function addCredentials(
  deps: ChannelDeps,
  call: Call,
): Promise<MemoryOf<'addCredentials'>['answer']> {
  const { params, body } = call
  const concurrencyMax = body.concurrency_max
  const credentials = body.secrets.map((secret) => ({ secret, concurrencyMax }))
  const counts = await inWordsOfTheApi(
    deps.scheduler.importCredentials({ channelId: params.id, credentials }),
  )
  recordAct(deps, call, { act: 'channel.add-credentials', target: params.id, facts: counts })
  return counts
}
