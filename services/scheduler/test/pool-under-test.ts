import { expect } from 'vitest'

import type { Health } from '../src/eligibility/health.ts'
import type { Candidate } from '../src/lease/lease.ts'
import type { PoolStore } from '../src/store/pool-store.ts'

export interface PoolUnderTest {
  /** Two replicas' views of one pool. */
  stores: readonly [PoolStore, PoolStore]
  /** Lets time pass for the pool. */
  advance(ms: number): Promise<void>
  nowMs(): Promise<number>
  /** Deletes everything, as a restart of Redis without persistence. The two replicas continue. */
  wipe(): Promise<void>
  /** A replica that starts now. */
  restart(): PoolStore
  newId(prefix: 'lease' | 'cred' | 'chan' | 'run'): string
}

export const TTL_MS = 30_000

/** A pool and the helpers of its test suites. */
export async function setUpPool(make: () => Promise<PoolUnderTest>) {
  const pool = await make()
  const credential = ({ limit = 1, epoch = 1, model = 'model-a' } = {}): Candidate => ({
    channelId: pool.newId('chan'),
    credentialId: pool.newId('cred'),
    concurrencyMax: limit,
    epoch,
    model,
  })
  const take = async (candidates: Candidate[], { store = pool.stores[0], ttlMs = TTL_MS } = {}) =>
    store.take({ leaseId: pool.newId('lease'), holder: pool.newId('run'), ttlMs, candidates })
  const takeOne = async (candidates: Candidate[], options = {}) => {
    const { lease } = await take(candidates, options)
    if (lease === null) throw new Error('no slot was free')
    return lease
  }
  const release = (leaseId: string, { store = pool.stores[0] } = {}) =>
    store.release({ leaseId, seen: { stamp: 0, probe: false }, health: null })
  const writeHealth = async ({ credentialId, epoch }: Candidate, health: Health) => {
    const known = (await pool.stores[0].read([credentialId])).get(credentialId)
    const stamp = known?.epoch === epoch ? known.stamp : 0
    const result = await pool.stores[0].writeHealth({ credentialId, epoch, stamp, health })
    expect(result).toEqual({ kind: 'written' })
  }
  const status = async ({ credentialId }: Candidate) => {
    const found = (await pool.stores[1].read([credentialId])).get(credentialId)
    if (found === undefined) throw new Error('every credential has a status')
    return found
  }
  return { pool, credential, take, takeOne, release, writeHealth, status }
}
