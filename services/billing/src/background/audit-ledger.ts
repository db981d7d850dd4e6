import type { BillingContext } from '../deps.ts'
import type { LedgerReport } from '../ledger/report.ts'

/** Holds are expired periodically; one that waits for the next run is not overdue yet. */
const BACKGROUND_SLACK_MS = 5 * 60_000

/** Recomputes the whole ledger from its rows and compares. Every finding is an alarm. */
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
    log.error(
      { invariant, count, ...transfer, finding: message },
      'the ledger audit found a mismatch',
    )
  }
  log.info({ ...report.checked, findings: report.findings.length }, 'the ledger was audited')
  return report
}
