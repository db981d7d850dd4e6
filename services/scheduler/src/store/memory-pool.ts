import type { Clock } from '@sluice/kernel/clock'

import type { CredentialStatus } from '../eligibility/eligibility.ts'
import type { Health } from '../eligibility/health.ts'
import { initialHealth, gateOf, isInitialHealth } from '../eligibility/health.ts'
import type { PoolLease } from '../lease/lease.ts'
import { nextFence } from '../lease/lease.ts'
import type { VersionedHealth } from './pool-store.ts'

interface LeaseSlot {
  lease: PoolLease
  endsAtMonotonicMs: number
}

interface Entry extends VersionedHealth {
  slots: Map<string, LeaseSlot>
  probeLeaseId: string | null
}

/** The state of an in-memory pool and its operations, all of them synchronous. */
export function createMemoryPool(clock: Clock) {
  const entries = new Map<string, Entry>()
  const slots = new Map<string, LeaseSlot>()
  let highest = 0
  // One sequence serves fencing tokens and stamps; both only have to increase.
  const nextNumber = () =>
    (highest = nextFence({ nowMs: clock.nowMs(), last: highest, floor: highest }))
  const isAlive = (slot: LeaseSlot | undefined): slot is LeaseSlot =>
    slot !== undefined && clock.monotonicMs() < slot.endsAtMonotonicMs

  const entryOf = (credentialId: string): Entry => {
    const existing = entries.get(credentialId)
    if (existing) return existing
    const empty = { epoch: 0, stamp: 0, health: initialHealth, probeLeaseId: null }
    const created: Entry = { ...empty, slots: new Map() }
    entries.set(credentialId, created)
    return created
  }

  return {
    findAlive: (leaseId: string) => {
      const slot = slots.get(leaseId)
      return isAlive(slot) ? slot.lease : undefined
    },
    listExpired: () => [...slots.values()].filter((slot) => !isAlive(slot)),

    statusOf: (credentialId: string): CredentialStatus & { stamp: number } => {
      const { epoch, stamp, health, slots, probeLeaseId } = entryOf(credentialId)
      const probe = probeLeaseId === null ? undefined : slots.get(probeLeaseId)
      const leases = [...slots.values()].filter(isAlive).length
      return { epoch, stamp, health, leases, probing: isAlive(probe) }
    },
    isProbe: ({ leaseId, credentialId }: PoolLease) =>
      entryOf(credentialId).probeLeaseId === leaseId,

    add: (facts: Omit<PoolLease, 'fence' | 'expiresAt'>, ttlMs: number): PoolLease => {
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
      const initial = isInitialHealth(health)
      if (!gateOf(health).probation) entry.probeLeaseId = null
      Object.assign(entry, {
        epoch: initial ? 0 : epoch,
        stamp: initial ? 0 : nextNumber(),
        health,
      })
    },
  }
}

export type MemoryPool = ReturnType<typeof createMemoryPool>
