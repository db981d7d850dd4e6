import type { CallOptions, InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { assert } from '@sluice/kernel/assert'
import { newId } from '@sluice/kernel/ids'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { SchedulerContext } from '../deps.ts'
import type { Candidate, PoolLease } from '../lease/lease.ts'
import { retryTime } from '../lease/lease.ts'
import { selectCredential } from '../lease/select-credential.ts'
import type { LeaseRefusal } from '../store/pool-store.ts'
import { CANDIDATES_MAX } from '../store/pool-store.ts'
import { releaseLease } from './release-lease.ts'

type Spec = (typeof schedulerContract)['methods']['grantLease']

/**
 * Leases a slot of the best eligible credential, or returns the time of the next attempt. It needs no query: the
 * catalog is in memory, and the pool is called once, and once more for every 256 credentials without a slot.
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
    statuses: pool.statuses(),
    selector: input,
    nowMs,
    roll: String(random.next()),
  })
  if (selection.kind === 'none') {
    counters.requested.add({ outcome: 'none' })
    return { outcome: 'none', reason: selection.reason }
  }
  const { lease, refusals } = await takeFirst(context, { candidates: selection.candidates, input })
  if (lease === null) {
    counters.requested.add({ outcome: 'busy' })
    return { outcome: 'busy', retryAt: retryTimeAfter({ selection, refusals, nowMs }) }
  }
  crashPoint('scheduler-after-grant')
  if (signal?.aborted) {
    // The caller has gone and would neither renew nor release the lease.
    counters.requested.add({ outcome: 'abandoned' })
    await releaseLease(context, { leaseId: lease.leaseId, outcome: { kind: 'aborted' } })
    signal.throwIfAborted()
  }
  counters.requested.add({ outcome: 'granted' })
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
    for (const refusal of refusals) pool.update(refusal.credentialId, { leases: refusal.leases })
    all.push(...refusals)
    if (lease !== null) {
      pool.update(lease.credentialId, { leases, ...(lease.probe && { probing: true }) })
      return { lease, refusals: all }
    }
  }
  return { lease: null, refusals: all }
}

function retryTimeAfter({
  selection,
  refusals,
  nowMs,
}: {
  selection: { notBeforeMs: number | null }
  refusals: readonly LeaseRefusal[]
  nowMs: number
}): Date {
  const ends = [selection.notBeforeMs, ...refusals.map(({ notBeforeMs }) => notBeforeMs)]
  const times = ends.filter((end) => end !== null)
  const notBeforeMs = times.length > 0 ? Math.min(...times) : null
  const full = refusals.some((refusal) => refusal.notBeforeMs === null && !refusal.disabled)
  return retryTime({ nowMs, notBeforeMs, full })
}
