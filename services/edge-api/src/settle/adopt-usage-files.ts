import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { UsageBatch } from './usage-sender.ts'
import type { UsageSpool } from './usage-spool.ts'

/** Records that were set aside and are tried again in one round. */
const REFUSED_MAX = 100

/**
 * Finds what other processes left in the spool: an earlier one, or an edge that shares the folder and is
 * gone. Records that were set aside are tried again, since a later billing may accept them.
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
    if (refused > 0) log.warn({ refused }, 'usage records that billing refuses are set aside')
  }

  const isCaptured = async (records: Parameters<typeof billing.captureUsage>[0]['records']) => {
    if (records.length === 0) return true
    try {
      await billing.captureUsage({ records })
      return true
    } catch (err) {
      log.info({ err }, 'a usage record that was set aside is still not accepted')
      return false
    }
  }

  return {
    /** How many records were set aside when it was counted last. */
    refused: () => refused,
    /** Resolves when no round is running. */
    idle: async (): Promise<void> => running,
    run: (options: AdoptOptions): Promise<void> =>
      (running ??= adopt(options)
        .catch((err: unknown) => log.error({ err }, 'the usage spool cannot be read'))
        .finally(() => (running = undefined))),
  }
}

interface AdoptOptions {
  /** Unless given, all files. */
  olderThanMs?: number
  /** What the sender has already. */
  known: readonly UsageBatch[]
}
