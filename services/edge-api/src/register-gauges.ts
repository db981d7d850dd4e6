import type { ChatContext } from './gateway/chat-context.ts'
import type { EdgeDeps } from './deps.ts'

/** Registers the gauges of this module. `dropped` is the number of dropped request log rows. */
export function registerGauges(
  { metrics, rateStore }: EdgeDeps,
  context: ChatContext,
  dropped: () => number,
) {
  const { intake } = context.gateway
  const watched: [string, string, () => number][] = [
    ['requests_running', 'Running chat requests.', () => context.running.count],
    ['allowances_open', 'Open allowances.', () => context.allowances.sizes().allowances],
    ['allowance_waiters', 'Calls that wait for credits.', () => context.allowances.sizes().waiting],
    [
      'hold_returns_waiting',
      'Holds that wait to be released.',
      () => context.gateway.holdReturns.waiting(),
    ],
    ['body_bytes', 'Bytes of large request bodies in memory.', intake.bodies.usedBytes],
    [
      'form_bytes',
      'Bytes of forms in memory that are forwarded to the panel.',
      () => intake.forms.usedBytes() + intake.openForms.usedBytes(),
    ],
    ['upload_bytes', 'Bytes of staged uploads on disk.', intake.uploads.usedBytes],
    ['usage_waiting', 'Usage records that are only in memory.', () => context.usage.waiting()],
    [
      'usage_spooled',
      'Batches of usage records that billing has not captured yet.',
      () => context.usage.spooled(),
    ],
    [
      'usage_set_aside',
      'Usage records that billing rejected, in the folder `refused` of the spool.',
      () => context.usage.refused(),
    ],
    ['request_log_dropped', 'Rows of the request log that were dropped.', dropped],
    [
      'rate_limits_shared',
      '1 while rate limits are shared by all edges, 0 while each edge grants its fraction.',
      () => (rateStore.shared() ? 1 : 0),
    ],
  ]
  for (const [name, help, read] of watched)
    metrics.watch({ name: `sluice_edge_${name}`, help, read })
}
