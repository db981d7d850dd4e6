import type { BillingContext } from '../deps.ts'
import type { LogPosition } from '../store/verify/verify-delivered.ts'

/** How old the line of a call must be: most of its records are in the book within a second. */
const LAG_MS = 5 * 60_000
/** Where the first round begins; the hourly audit looks at the whole log. */
const LOOK_BACK_MS = 24 * 3_600_000
/** Of 5,000 lines each. */
const PAGES_PER_ROUND_MAX = 20
/** More are not looked at again one by one. */
const UNCHARGED_MAX = 10_000

/**
 * Goes through the request log, some pages a round, and reports how many delivered calls nobody was charged
 * for. Those that it found are looked at again, since their records may come out of a spool later.
 */
export function createDeliveredCheck({
  store,
  clock,
  counters,
  log,
}: Pick<BillingContext, 'store' | 'clock' | 'counters' | 'log'>): () => Promise<void> {
  let place: LogPosition | undefined
  let uncharged: string[] = []

  return async () => {
    const nowMs = clock.nowMs()
    place ??= { receivedAt: new Date(nowMs - LOOK_BACK_MS), requestId: '' }
    const endedBefore = new Date(nowMs - LAG_MS)
    const before = new Set(uncharged)
    uncharged = await store.findStillUncharged(uncharged)
    for (let pages = 0; pages < PAGES_PER_ROUND_MAX; pages += 1) {
      const page = await store.readDelivered({ after: place, endedBefore })
      uncharged.push(...page.uncharged.slice(0, UNCHARGED_MAX - uncharged.length))
      if (!page.next) {
        // Lines of calls that took long come later, below this place: so it is not the newest line.
        place = { receivedAt: new Date(nowMs - LAG_MS * 2), requestId: '' }
        break
      }
      place = page.next
    }
    uncharged = [...new Set(uncharged)]
    counters.uncharged.set({}, uncharged.length)
    const fresh = uncharged.filter((id) => !before.has(id))
    if (fresh.length > 0)
      log.error(
        { calls: fresh.length, requestIds: fresh.slice(0, 5) },
        'delivered calls have no usage record and are charged to nobody',
      )
  }
}
