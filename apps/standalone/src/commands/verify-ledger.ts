import type { Command } from './command.ts'
import { print, printColumns } from './print.ts'

/** Derives every balance anew from the transfers, and checks whatever else must hold of the book. */
export const verifyLedger: Command = {
  usage: ['', 'derive every balance anew and check all promises of the ledger'],
  run: async ({ ledger, clock, settings }) => {
    const graceMs = settings.config.HOLD_GRACE_MS
    const report = await ledger.verify({ now: clock.now(), graceMs })
    printColumns([
      ['checked', 'rows'],
      ...Object.entries(report.checked).map(([what, count]) => [what, String(count)]),
    ])
    if (report.findings.length === 0) {
      // Kept elsewhere, the newest seal proves to a doubter that nothing before it was changed.
      if (report.head) print(`Newest seal: ${report.head}`)
      print('The ledger verifies: no finding.')
      return 0
    }
    print(...report.findings.map(({ invariant, message }) => `invariant ${invariant}: ${message}`))
    print(`The ledger does not verify: ${report.findings.length} findings.`)
    return 1
  },
}
