import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'
import { publishChange } from './publish-change.ts'

type Spec = (typeof schedulerContract)['methods']['setCredentialState']

/**
 * Sets the state of a credential for an operator. `active` also resets its health: attention, cooldown and open
 * circuit. A retired credential stays retired, and one whose state is not in `from` is unchanged. Live leases
 * stay valid. Throws `not_found`.
 */
export async function setCredentialState(
  context: SchedulerContext,
  { credentialId, state, from }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalogStore, clock } = context
  const change = { credentialId, state, from, at: clock.now() }
  const { changed, channelId } = await catalogStore.setCredentialState(change)
  if (changed) await publishChange(context, { freed: state === 'active' ? [channelId] : [] })
  return { changed }
}
