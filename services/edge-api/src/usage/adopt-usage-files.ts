import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { UsageBatch } from './usage-sender.ts'
import type { UsageSpool } from './usage-spool.ts'

/** Rejected records that are retried per round. */
const REFUSED_MAX = 100

/**
 * Finds usage files of other processes in the spool: of earlier ones, or of stopped edges that shared the
 * folder. Rejected records are retried, since a later version of billing may accept them.
 */
export function adoptFiles(
  {
    billing,
    spool,
    log,
  }: { billing: Pick<Billing, 'captureUsage'>; spool: UsageSpool; clock: Clock; log: Log },
  add: (batch: UsageBatch) => void,
) {
  let refused = 0
  let running: Promise<void> | undefined

  const adopt = async ({ olderThanMs, known }: AdoptOptions) => {
    const entries = await spool.list({ olderThanMs })
    const queued = new Set(known.map(({ entry }) => entry?.file))
    const found = entries.filter(({ file }) => !queued.has(file))
    for (const entry of found) add({ records: undefined, entry, foreign: true })
    if (found.length > 0) log.info({ files: found.length }, 'usage records were found on disk')
    for (const { name, records } of await spool.refused(REFUSED_MAX))
      if (await isCaptured(records)) await spool.accept(name)
    refused = await spool.countRefused()
    if (refused > 0) log.warn({ refused }, 'usage records that billing rejects are set aside')
  }

  const isCaptured = async (records: Parameters<typeof billing.captureUsage>[0]['records']) => {
    if (records.length === 0) return true
    try {
      await billing.captureUsage({ records })
      return true
    } catch (err) {
      log.info({ err }, 'a rejected usage record is still not accepted')
      return false
    }
  }

  return {
    /** Number of rejected records at the last count. */
    refused: () => refused,
    /** Resolves when no round is running any more. */
    idle: async (): Promise<void> => running,
    run: (options: AdoptOptions): Promise<void> =>
      (running ??= adopt(options)
        .catch((err: unknown) => log.error({ err }, 'the usage spool cannot be read'))
        .finally(() => (running = undefined))),
  }
}

interface AdoptOptions {
  /** Minimum age of the files; all files if absent. */
  olderThanMs?: number
  /** Batches that the sender already has. */
  known: readonly UsageBatch[]
}
