import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'
import { publishChange } from './publish-change.ts'

type Spec = (typeof schedulerContract)['methods']['setCredentialState']

/**
 * A person's word about a credential. `active` also forgets what was learned of it: attention, rest and
 * an open circuit. A retired one stays retired, and one whose row is not in a state of `from` stays as it
 * is. Leases that are out run to their end. Throws `not_found`.
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
