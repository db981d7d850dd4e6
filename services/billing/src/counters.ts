import type { Metrics } from '@sluice/service-kit/metrics'

import type { Hold } from './ledger/hold.ts'

export type BillingCounters = ReturnType<typeof billingCounters>

/** The metrics of billing. Amounts are micro-credits. */
export function billingCounters(metrics: Metrics) {
  return {
    holds: metrics.counter({
      name: 'sluice_billing_holds_total',
      help: 'Requested holds, by purpose and outcome.',
      labels: {
        purpose: ['job', 'allowance'],
        outcome: ['opened', 'known', 'refused', 'unpriced', 'expired', 'unused'],
      },
    }),
    settlements: metrics.counter({
      name: 'sluice_billing_settlements_total',
      help: 'Settled image jobs. `unheld` is a job without a hold, which is not charged.',
      labels: { outcome: ['capture', 'void', 'repeat', 'not-ended', 'unheld'] },
    }),
    usage: metrics.counter({
      name: 'sluice_billing_usage_records_total',
      help: 'Usage records of short calls. `refused` ones are stored for an operator to review.',
      labels: { outcome: ['captured', 'duplicate', 'refused'] },
    }),
    micro: metrics.counter({
      name: 'sluice_billing_micro_credits_total',
      help: 'Micro-credits charged, left unpaid, and lost to upstreams that cost more than agreed.',
      labels: { kind: ['captured', 'receivable', 'upstream_loss', 'refunded', 'granted'] },
    }),
    uncharged: metrics.gauge({
      name: 'sluice_billing_delivered_uncharged',
      help: 'Delivered calls of the last day without a usage record. Above 0 for long is an alarm.',
      labels: {},
    }),
    findings: metrics.gauge({
      name: 'sluice_billing_ledger_findings',
      help: 'Findings of the last audit of the ledger. Anything above 0 is an alarm.',
      labels: {},
    }),
  }
}

/** Counts the charge of a job. */
export function countCharge(
  { micro }: BillingCounters,
  hold: Pick<Hold, 'capturedMicro' | 'lateMicro' | 'receivableMicro' | 'lossMicro'>,
): void {
  micro.add({ kind: 'captured' }, Number(hold.capturedMicro + hold.lateMicro))
  micro.add({ kind: 'receivable' }, Number(hold.receivableMicro))
  micro.add({ kind: 'upstream_loss' }, Number(hold.lossMicro))
}
