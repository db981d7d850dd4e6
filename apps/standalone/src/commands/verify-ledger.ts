import type { Command } from './command.ts'
import { print, printColumns } from './print.ts'

/** Recomputes every balance from the transfers and checks all invariants of the ledger. */
export const verifyLedger: Command = {
  usage: ['', 'recompute every balance and check all invariants of the ledger'],
  run: async ({ ledger, clock, settings }) => {
    const graceMs = settings.config.HOLD_GRACE_MS
    const report = await ledger.verify({ now: clock.now(), graceMs })
    printColumns([
      ['checked', 'rows'],
      ...Object.entries(report.checked).map(([what, count]) => [what, String(count)]),
    ])
    if (report.findings.length === 0) {
      // A copy of the newest seal stored elsewhere proves that no earlier entry was changed.
      if (report.head) print(`Newest seal: ${report.head}`)
      print('The ledger verifies: no findings.')
      return 0
    }
    print(...report.findings.map(({ invariant, message }) => `invariant ${invariant}: ${message}`))
    print(`The ledger does not verify: ${report.findings.length} findings.`)
    return 1
  },
}
