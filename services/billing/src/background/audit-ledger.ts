import type { BillingContext } from '../deps.ts'
import type { LedgerReport } from '../ledger/report.ts'

/** Upkeep comes round only every so often; a hold that waits for it is not overdue yet. */
const BACKGROUND_SLACK_MS = 5 * 60_000

/** Derives the whole book anew and compares. Every finding is an alarm. */
export async function auditLedger({
  store,
  clock,
  config,
  counters,
  audit,
  log,
}: BillingContext): Promise<LedgerReport> {
  const graceMs = config.graceMs + BACKGROUND_SLACK_MS
  const report = await store.verify({ now: clock.now(), graceMs })
  audit.findings = report.findings.length
  counters.findings.set({}, report.findings.length)
  for (const { invariant, message, count, seq } of report.findings) {
    const transfer = seq === undefined ? {} : { seq: String(seq) }
    log.error({ invariant, count, ...transfer, finding: message }, 'the ledger is not sound')
  }
  log.info({ ...report.checked, findings: report.findings.length }, 'the ledger was audited')
  return report
}
