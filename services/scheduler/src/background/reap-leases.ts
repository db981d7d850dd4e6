import type { SchedulerContext } from '../deps.ts'

const REAP_MAX = 500
const ROUNDS_MAX = 20

/** Leases whose holder died go back to the pool. They blocked nobody since they expired; now it is told. */
export async function reapLeases({
  poolStore,
  hints,
  counters,
  log,
}: Pick<SchedulerContext, 'poolStore' | 'hints' | 'counters' | 'log'>): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const reaped = await poolStore.reap({ limit: REAP_MAX })
    for (const lease of reaped) log.info(lease, 'a lease expired: its holder was not heard of')
    counters.ended.add({ outcome: 'expired' }, reaped.length)
    await hints.leaseFreed(reaped.map(({ channelId }) => channelId))
    if (reaped.length < REAP_MAX) return
  }
}
