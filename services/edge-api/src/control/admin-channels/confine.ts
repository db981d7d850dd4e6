import { confineSandbox } from '@sluice/upstreams/sandbox/confine-sandbox'

import type { OperatorCall } from '../record-action.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'

/**
 * Restricts the sandbox to its own model names after a change that may have added a real channel. A failure
 * here does not fail the change; the next change tries again.
 */
export async function confine(deps: ChannelDeps, call: OperatorCall): Promise<void> {
  try {
    for (const target of await confineSandbox(deps.scheduler)) {
      recordAction(deps, call, { act: 'channel.confine-sandbox', target })
    }
  } catch (err) {
    deps.log.error({ err }, 'the sandbox still serves names of real models')
  }
}
