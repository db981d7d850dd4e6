import type { SchedulerContext } from '../deps.ts'

const REAP_MAX = 500
const BATCHES_MAX = 20

/** Removes expired leases and announces their free slots, which could be leased since the expiry. */
export async function reapLeases({
  poolStore,
  hints,
  counters,
  log,
}: Pick<SchedulerContext, 'poolStore' | 'hints' | 'counters' | 'log'>): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const reaped = await poolStore.reap({ limit: REAP_MAX })
    for (const lease of reaped) log.info(lease, 'a lease expired: its holder did not renew it')
    counters.ended.add({ outcome: 'expired' }, reaped.length)
    await hints.leaseFreed(reaped.map(({ channelId }) => channelId))
    if (reaped.length < REAP_MAX) return
  }
}
