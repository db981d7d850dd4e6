import type { ChatContext } from './chat-context.ts'
import type { EdgeDeps } from './deps.ts'

/** Registers the figures that are read when metrics are scraped. `dropped` counts request log rows that were lost. */
export function registerGauges(
  { metrics, rateStore }: EdgeDeps,
  context: ChatContext,
  dropped: () => number,
) {
  const { intake } = context.gateway
  const watched: [string, string, () => number][] = [
    ['requests_running', 'Chat requests that run now.', () => context.running.count],
    [
      'allowances_open',
      'Allowances that are drawn on.',
      () => context.allowances.sizes().allowances,
    ],
    ['allowance_waiters', 'Calls that wait for credits.', () => context.allowances.sizes().waiting],
    [
      'hold_returns_waiting',
      'Holds that wait to be given back.',
      () => context.gateway.holdReturns.waiting(),
    ],
    ['body_bytes', 'Bytes of large request bodies in memory.', intake.bodies.usedBytes],
    [
      'form_bytes',
      'Bytes of forms on their way to the panel in memory.',
      () => intake.forms.usedBytes() + intake.openForms.usedBytes(),
    ],
    ['upload_bytes', 'Bytes of uploads that are not jobs yet.', intake.uploads.usedBytes],
    ['usage_waiting', 'Usage records in memory only.', () => context.usage.waiting()],
    [
      'usage_spooled',
      'Batches of usage records that billing has not captured yet.',
      () => context.usage.spooled(),
    ],
    [
      'usage_set_aside',
      'Usage records that billing refuses, in the folder `refused` of the spool.',
      () => context.usage.refused(),
    ],
    ['request_log_dropped', 'Rows of the request log that were dropped.', dropped],
    [
      'rate_limits_shared',
      '1 while rate limits are shared by all edges, 0 while each grants its part.',
      () => (rateStore.shared() ? 1 : 0),
    ],
  ]
  for (const [name, help, read] of watched)
    metrics.watch({ name: `sluice_edge_${name}`, help, read })
}
