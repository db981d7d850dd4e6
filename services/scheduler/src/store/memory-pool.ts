import type { Clock } from '@sluice/kernel/clock'

import type { CredentialStatus } from '../eligibility/eligible.ts'
import type { Health } from '../eligibility/health.ts'
import { freshHealth, gateOf, isFresh } from '../eligibility/health.ts'
import type { PoolLease } from '../lease/lease.ts'
import { nextFence } from '../lease/lease.ts'
import type { Known } from './pool-store.ts'

interface LeaseSlot {
  lease: PoolLease
  endsAtMonotonicMs: number
}

interface Entry extends Known {
  slots: Map<string, LeaseSlot>
  probeLeaseId: string | null
}

/** The state of a pool in memory, and the steps that its store is made of; none of them waits. */
export function createMemoryPool(clock: Clock) {
  const entries = new Map<string, Entry>()
  const slots = new Map<string, LeaseSlot>()
  let highest = 0
  // One row of numbers serves fences and stamps; both only have to grow.
  const nextNumber = () =>
    (highest = nextFence({ nowMs: clock.nowMs(), last: highest, floor: highest }))
  const isAlive = (slot: LeaseSlot | undefined): slot is LeaseSlot =>
    slot !== undefined && clock.monotonicMs() < slot.endsAtMonotonicMs

  const entryOf = (credentialId: string): Entry => {
    const known = entries.get(credentialId)
    if (known) return known
    const blank = { epoch: 0, stamp: 0, health: freshHealth, probeLeaseId: null }
    const made: Entry = { ...blank, slots: new Map() }
    entries.set(credentialId, made)
    return made
  }

  return {
    findAlive: (leaseId: string) => {
      const slot = slots.get(leaseId)
      return isAlive(slot) ? slot.lease : undefined
    },
    listExpired: () => [...slots.values()].filter((slot) => !isAlive(slot)),

    stand: (credentialId: string): CredentialStatus & { stamp: number } => {
      const { epoch, stamp, health, slots, probeLeaseId } = entryOf(credentialId)
      const probe = probeLeaseId === null ? undefined : slots.get(probeLeaseId)
      const leases = [...slots.values()].filter(isAlive).length
      return { epoch, stamp, health, leases, probing: isAlive(probe) }
    },
    isProbe: ({ leaseId, credentialId }: PoolLease) =>
      entryOf(credentialId).probeLeaseId === leaseId,

    put: (facts: Omit<PoolLease, 'fence' | 'expiresAt'>, ttlMs: number): PoolLease => {
      const expiresAt = new Date(clock.nowMs() + ttlMs)
      const lease = { ...facts, fence: nextNumber(), expiresAt }
      const slot = { lease, endsAtMonotonicMs: clock.monotonicMs() + ttlMs }
      const entry = entryOf(lease.credentialId)
      slots.set(lease.leaseId, slot)
      entry.slots.set(lease.leaseId, slot)
      if (lease.probe) entry.probeLeaseId = lease.leaseId
      return lease
    },
    extend: (leaseId: string, ttlMs: number): Date | null => {
      const slot = slots.get(leaseId)
      if (!isAlive(slot)) return null
      slot.endsAtMonotonicMs = clock.monotonicMs() + ttlMs
      return new Date(clock.nowMs() + ttlMs)
    },
    remove: ({ leaseId, credentialId }: PoolLease): void => {
      const entry = entryOf(credentialId)
      slots.delete(leaseId)
      entry.slots.delete(leaseId)
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
