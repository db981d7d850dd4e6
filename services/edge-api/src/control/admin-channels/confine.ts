import { confineSandbox } from '@sluice/upstreams/sandbox/confine-sandbox'

import type { OperatorCall } from '../record-action.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'

/**
 * Keeps the sandbox to its own names after a change that may have brought a real channel. A change that was
 * made is not called failed when this does not succeed; the next one does it.
 */
export async function confine(deps: ChannelDeps, call: OperatorCall): Promise<void> {
  try {
    for (const target of await confineSandbox(deps.scheduler)) {
      recordAction(deps, call, { act: 'channel.confine-sandbox', target })
    }
  } catch (err) {
    deps.log.error({ err }, 'the sandbox still answers to names of real models')
  }
}
