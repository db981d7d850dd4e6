import type { Clock } from '@sluice/kernel/clock'

import type { Standing } from '../eligibility/eligible.ts'
import type { Health } from '../eligibility/health.ts'
import { freshHealth, gateOf, isFresh } from '../eligibility/health.ts'
import type { PoolLease } from '../lease/lease.ts'
import { nextFence } from '../lease/lease.ts'
import type { Known } from './pool-store.ts'

interface Place {
  lease: PoolLease
  endsAtMonotonicMs: number
}

interface Entry extends Known {
  places: Map<string, Place>
  probeLeaseId: string | null
}

/** The state of a pool in memory, and the steps that its store is made of; none of them waits. */
export function createMemoryPool(clock: Clock) {
  const entries = new Map<string, Entry>()
  const places = new Map<string, Place>()
  let highest = 0
  // One row of numbers serves fences and stamps; both only have to grow.
  const nextNumber = () =>
    (highest = nextFence({ nowMs: clock.nowMs(), last: highest, floor: highest }))
  const isAlive = (place: Place | undefined): place is Place =>
    place !== undefined && clock.monotonicMs() < place.endsAtMonotonicMs

  const entryOf = (credentialId: string): Entry => {
    const known = entries.get(credentialId)
    if (known) return known
    const blank = { epoch: 0, stamp: 0, health: freshHealth, probeLeaseId: null }
    const made: Entry = { ...blank, places: new Map() }
    entries.set(credentialId, made)
    return made
  }

  return {
    findAlive: (leaseId: string) => {
      const place = places.get(leaseId)
      return isAlive(place) ? place.lease : undefined
    },
    listExpired: () => [...places.values()].filter((place) => !isAlive(place)),

    stand: (credentialId: string): Standing & { stamp: number } => {
      const { epoch, stamp, health, places, probeLeaseId } = entryOf(credentialId)
      const probe = probeLeaseId === null ? undefined : places.get(probeLeaseId)
      const leases = [...places.values()].filter(isAlive).length
      return { epoch, stamp, health, leases, probing: isAlive(probe) }
    },
    isProbe: ({ leaseId, credentialId }: PoolLease) =>
      entryOf(credentialId).probeLeaseId === leaseId,

    put: (facts: Omit<PoolLease, 'fence' | 'expiresAt'>, ttlMs: number): PoolLease => {
      const expiresAt = new Date(clock.nowMs() + ttlMs)
      const lease = { ...facts, fence: nextNumber(), expiresAt }
      const place = { lease, endsAtMonotonicMs: clock.monotonicMs() + ttlMs }
      const entry = entryOf(lease.credentialId)
      places.set(lease.leaseId, place)
      entry.places.set(lease.leaseId, place)
      if (lease.probe) entry.probeLeaseId = lease.leaseId
      return lease
    },
    extend: (leaseId: string, ttlMs: number): Date | null => {
      const place = places.get(leaseId)
      if (!isAlive(place)) return null
      place.endsAtMonotonicMs = clock.monotonicMs() + ttlMs
      return new Date(clock.nowMs() + ttlMs)
    },
    remove: ({ leaseId, credentialId }: PoolLease): void => {
      const entry = entryOf(credentialId)
      places.delete(leaseId)
      entry.places.delete(leaseId)
      if (entry.probeLeaseId === leaseId) entry.probeLeaseId = null
    },
    write: (credentialId: string, { epoch, health }: { epoch: number; health: Health }): void => {
      const entry = entryOf(credentialId)
      const fresh = isFresh(health)
      if (!gateOf(health).probation) entry.probeLeaseId = null
      Object.assign(entry, { epoch: fresh ? 0 : epoch, stamp: fresh ? 0 : nextNumber(), health })
    },
  }
}

export type MemoryPool = ReturnType<typeof createMemoryPool>
