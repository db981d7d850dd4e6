import type { CallOptions, InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { assert } from '@sluice/kernel/assert'
import { newId } from '@sluice/kernel/ids'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { SchedulerContext } from '../deps.ts'
import type { Candidate, PoolLease } from '../lease/lease.ts'
import { comeBackAt } from '../lease/lease.ts'
import { selectCredential } from '../lease/select-credential.ts'
import type { LeaseRefusal } from '../store/pool-store.ts'
import { CANDIDATES_MAX } from '../store/pool-store.ts'
import { releaseLease } from './release-lease.ts'

type Spec = (typeof schedulerContract)['methods']['grantLease']

/**
 * Takes a place of the best eligible credential, or says when to come back. No query: the catalog is
 * in memory, and the pool is asked once (once more for every 256 credentials that have no place).
 */
export async function grantLease(
  context: SchedulerContext,
  input: InputOf<Spec>,
  { signal }: CallOptions = {},
): Promise<OutputOf<Spec>> {
  const { catalog, pool, clock, random, counters } = context
  signal?.throwIfAborted()
  const snapshot = catalog.current()
  const nowMs = clock.nowMs()
  const selection = selectCredential({
    snapshot,
    standings: pool.standings(),
    wanted: input,
    nowMs,
    roll: String(random.next()),
  })
  if (selection.kind === 'none') {
    counters.asked.add({ outcome: 'none' })
    return { outcome: 'none', reason: selection.reason }
  }
  const { lease, refusals } = await takeFirst(context, { candidates: selection.candidates, input })
  if (lease === null) {
    counters.asked.add({ outcome: 'busy' })
    return { outcome: 'busy', retryAt: afterRefusals({ selection, refusals, nowMs }) }
  }
  crashPoint('scheduler-after-grant')
  if (signal?.aborted) {
    // Nobody would ever renew it or give it back.
    counters.asked.add({ outcome: 'abandoned' })
    await releaseLease(context, { leaseId: lease.leaseId, outcome: { kind: 'aborted' } })
    signal.throwIfAborted()
  }
  counters.asked.add({ outcome: 'granted' })
  const { leaseId, channelId, credentialId, fence, expiresAt } = lease
  const secret = snapshot.credentials.get(credentialId)?.secret
  assert(secret, 'a candidate comes from the snapshot')
  const { version: catalogVersion } = snapshot
  const granted = { leaseId, channelId, credentialId, fence, expiresAt, secret, catalogVersion }
  return { outcome: 'granted', lease: granted }
}

async function takeFirst(
  { poolStore, pool, clock, random }: SchedulerContext,
  { candidates, input }: { candidates: readonly Candidate[]; input: InputOf<Spec> },
): Promise<{ lease: PoolLease | null; refusals: LeaseRefusal[] }> {
  const { holder, ttlMs } = input
  const all: LeaseRefusal[] = []
  for (let from = 0; from < candidates.length; from += CANDIDATES_MAX) {
    const page = candidates.slice(from, from + CANDIDATES_MAX)
    const leaseId = newId('lease', { clock, random })
    const taken = await poolStore.take({ leaseId, holder, ttlMs, candidates: page })
    const { lease, leases, refusals } = taken
    for (const refusal of refusals) pool.learn(refusal.credentialId, { leases: refusal.leases })
    all.push(...refusals)
    if (lease !== null) {
      pool.learn(lease.credentialId, { leases, ...(lease.probe && { probing: true }) })
      return { lease, refusals: all }
    }
  }
  return { lease: null, refusals: all }
}

function afterRefusals({
  selection,
  refusals,
  nowMs,
}: {
  selection: { restUntilMs: number | null }
  refusals: readonly LeaseRefusal[]
  nowMs: number
}): Date {
  const ends = [selection.restUntilMs, ...refusals.map(({ restUntilMs }) => restUntilMs)]
  const known = ends.filter((end) => end !== null)
  const restUntilMs = known.length > 0 ? Math.min(...known) : null
  const taken = refusals.some((refusal) => refusal.restUntilMs === null && !refusal.shut)
  return comeBackAt({ nowMs, restUntilMs, taken })
}
