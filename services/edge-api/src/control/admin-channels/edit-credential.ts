import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { AllRead } from '@sluice/kernel/map-patch'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'

type Call = Pick<
  ControlCall<'editCredential'>,
  'session' | 'params' | 'body' | 'requestId' | 'address'
>

/** Pauses, resumes or retires. A retired credential is never changed. Throws `not_found`. */
export async function editCredential(
  deps: ChannelDeps,
  call: Call,
): Promise<Decoded<'editCredential'>['answer']> {
  const { id: credentialId } = call.params
  const { state, ...rest } = call.body
  rest satisfies AllRead
  const { changed } = await deps.scheduler.setCredentialState({ credentialId, state })
  if (changed) {
    recordAction(deps, call, {
      act: 'credential.set-state',
      target: credentialId,
      facts: { state },
    })
  }
  return { changed }
}
