import type { BillingContext } from '../deps.ts'
import type { LogPosition } from '../store/verify/verify-delivered.ts'

/** Minimum age of a logged call; most usage records are stored within a second. */
const LAG_MS = 5 * 60_000
/** Where the first run starts; the hourly audit reads the whole log. */
const LOOK_BACK_MS = 24 * 3_600_000
/** Of 5,000 rows each. */
const PAGES_PER_RUN_MAX = 20
/** How many uncharged calls are checked again in later runs. */
const UNCHARGED_MAX = 10_000

/**
 * Reads the request log, a limited number of pages per run, and reports how many delivered calls have no
 * usage record. Uncharged calls are checked again, since their records may leave a spool later.
 */
export function createDeliveredCheck({
  store,
  clock,
  counters,
  log,
}: Pick<BillingContext, 'store' | 'clock' | 'counters' | 'log'>): () => Promise<void> {
  let position: LogPosition | undefined
  let uncharged: string[] = []

  return async () => {
    const nowMs = clock.nowMs()
    position ??= { receivedAt: new Date(nowMs - LOOK_BACK_MS), requestId: '' }
    const endedBefore = new Date(nowMs - LAG_MS)
    const before = new Set(uncharged)
    uncharged = await store.findStillUncharged(uncharged)
    for (let pages = 0; pages < PAGES_PER_RUN_MAX; pages += 1) {
      const page = await store.readDelivered({ after: position, endedBefore })
      uncharged.push(...page.uncharged.slice(0, UNCHARGED_MAX - uncharged.length))
      if (!page.next) {
        // Rows are ordered by their start and written at the end: rows of long calls may still follow here.
        position = { receivedAt: new Date(nowMs - LAG_MS * 2), requestId: '' }
        break
      }
      position = page.next
    }
    uncharged = [...new Set(uncharged)]
    counters.uncharged.set({}, uncharged.length)
    const added = uncharged.filter((id) => !before.has(id))
    if (added.length > 0)
      log.error(
        { calls: added.length, requestIds: added.slice(0, 5) },
        'delivered calls are not charged: they have no usage record',
      )
  }
}
