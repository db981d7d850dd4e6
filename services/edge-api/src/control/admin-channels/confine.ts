import { confineBuiltInChannels } from '@sluice/upstreams/built-in-channels'

import type { OperatorCall } from '../record-action.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'

/**
 * Restricts built-in channels to their own model names after a change that may have added a real channel. A failure
 * here does not fail the change; the next change tries again.
 */
export async function confine(deps: ChannelDeps, call: OperatorCall): Promise<void> {
  try {
    for (const { id, dialect } of await confineBuiltInChannels(deps.scheduler)) {
      recordAction(deps, call, { act: `channel.confine-${dialect}`, target: id })
    }
  } catch (err) {
    deps.log.error({ err }, 'built-in channels still serve names of real models')
  }
}
