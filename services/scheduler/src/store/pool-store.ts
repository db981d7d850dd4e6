import type { CredentialStatus } from '../eligibility/eligibility.ts'
import type { Health } from '../eligibility/health.ts'
import type { Candidate, PoolLease } from '../lease/lease.ts'

export interface TakeInput {
  leaseId: string
  holder: string
  ttlMs: number
  /** Tried in this order; at most `CANDIDATES_MAX`. */
  candidates: readonly Candidate[]
}

export const CANDIDATES_MAX = 256
/** The maximum number of credentials of one `read`. */
export const READ_MAX = 1_000

/** Why a candidate was not leased. */
export interface LeaseRefusal {
  credentialId: string
  /** The number of its live leases. */
  leases: number
  /** The end of its cooldown; null when it does not cool down, but is full, being probed or disabled. */
  notBeforeMs: number | null
  /** Disabled until an operator resets it. */
  disabled: boolean
}

export interface TakeResult {
  /** Null when no candidate had a free slot. */
  lease: PoolLease | null
  /** Live leases of the leased credential, including this one. */
  leases: number
  /** The candidates before the leased one; all of them when none was leased. */
  refusals: LeaseRefusal[]
}

/** Stored health with its stamp, which a change must contain (optimistic locking). */
export interface VersionedHealth {
  epoch: number
  /** 0 for initial health, which is not stored. */
  stamp: number
  health: Health
}

export interface ReleaseInput {
  leaseId: string
  /** The state that the new health was computed from. */
  seen: { stamp: number; probe: boolean }
  /** The new health; null leaves it unchanged. */
  health: Health | null
}

export type ReleaseResult =
  | {
      kind: 'released'
      lease: PoolLease
      /** Live leases of the credential before the release, including this one. */
      leasesBefore: number
      /** False when an operator set the credential's state since the grant: the new health was dropped. */
      current: boolean
    }
  /** `seen` is not the stored state: nothing changed; compute the health again. */
  | { kind: 'conflict'; known: VersionedHealth; probe: boolean }
  /** Unknown, already released, or expired: nothing changed. */
  | { kind: 'lost' }

export type WriteResult = { kind: 'written' } | { kind: 'conflict'; known: VersionedHealth }

/**
 * The pool: leases and health of credentials, shared by all scheduler replicas. It may be wiped at any time
 * without an effect on charges. Every method is atomic. A slot is occupied from grant to release or expiry, so
 * that a credential never has more live leases than its limit. Expiry uses the pool's own clock, so that replicas
 * with different clocks agree. All methods throw `unavailable` when the pool cannot be reached.
 */
export interface PoolStore {
  /** Leases a slot of the first candidate with a free one. */
  take(input: TakeInput): Promise<TakeResult>
  /** Extends a live lease and returns its new end; null when it is not alive. */
  renew(input: { leaseId: string; ttlMs: number }): Promise<Date | null>
  /** Releases a lease and writes the new health, unless `seen` is not the stored state. */
  release(input: ReleaseInput): Promise<ReleaseResult>
  /** Writes health without a lease, unless `stamp` is not the stored one. */
  writeHealth(input: {
    credentialId: string
    epoch: number
    stamp: number
    health: Health
  }): Promise<WriteResult>
  /** The status of these credentials, idle when nothing is stored. Without ids it checks the connection. */
  read(credentialIds: readonly string[]): Promise<Map<string, CredentialStatus & { stamp: number }>>
  /** Removes expired leases. Each is returned once, to one caller. */
  reap(input: { limit: number }): Promise<PoolLeaseRef[]>
}

export type PoolLeaseRef = Pick<PoolLease, 'leaseId' | 'channelId' | 'credentialId'>
