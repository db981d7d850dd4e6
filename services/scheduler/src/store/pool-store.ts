import type { CredentialStatus } from '../eligibility/eligible.ts'
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
/** Credentials that one `read` may ask for. */
export const READ_MAX = 1_000

/** What was true at that moment of a credential that could not be taken. */
export interface LeaseRefusal {
  credentialId: string
  /** Leases that were alive. */
  leases: number
  /** When its rest ends; null when it does not rest, but is taken, being probed or shut. */
  restUntilMs: number | null
  /** Only a person can bring it back. */
  shut: boolean
}

export interface TakeResult {
  /** Null when no candidate had a place. */
  lease: PoolLease | null
  /** Of the leased credential, with this lease. */
  leases: number
  /** Candidates before the one that was taken; all, when none was. */
  refusals: LeaseRefusal[]
}

/** Health as the pool holds it, with the stamp that a change of it must name. */
export interface Known {
  epoch: number
  /** 0 when the pool knows nothing, that is: fresh health. */
  stamp: number
  health: Health
}

export interface ReleaseInput {
  leaseId: string
  /** What the decision about the new health was made from. */
  seen: { stamp: number; probe: boolean }
  /** The new health; null leaves it as it is. */
  health: Health | null
}

export type ReleaseResult =
  | {
      kind: 'released'
      lease: PoolLease
      /** Leases of the credential that were alive, with this one. */
      leasesBefore: number
      /** False when a person set the credential's state since: what was learned was dropped. */
      current: boolean
    }
  /** Decided from something else than what is known: nothing happened, decide again. */
  | { kind: 'conflict'; known: Known; probe: boolean }
  /** Unknown, released already, or expired: nothing happened. */
  | { kind: 'lost' }

export type WriteResult = { kind: 'written' } | { kind: 'conflict'; known: Known }

/**
 * The pool: leases and health of credentials, shared by all schedulers, forgotten at any time without
 * effect on money. Every method is atomic. A place is taken from grant to release or expiry, so that a
 * credential never has more leases alive than its limit. Time is the pool's own: replicas with clocks
 * that differ agree about what has expired.
 * All methods throw `unavailable` when the pool is away.
 */
export interface PoolStore {
  /** Takes a place of the first candidate that has one. */
  take(input: TakeInput): Promise<TakeResult>
  /** Moves the end of a lease that is alive; null when it is not. */
  renew(input: { leaseId: string; ttlMs: number }): Promise<Date | null>
  /** Gives a place back and writes what was learned, if it was learned from what is known. */
  release(input: ReleaseInput): Promise<ReleaseResult>
  /** Writes health without a lease, if it was learned from what is known. */
  writeHealth(input: {
    credentialId: string
    epoch: number
    stamp: number
    health: Health
  }): Promise<WriteResult>
  /** Where these credentials stand, idle if nothing is known. Of none: asks whether the pool is there. */
  read(credentialIds: readonly string[]): Promise<Map<string, CredentialStatus & { stamp: number }>>
  /** Forgets leases that have expired. Each is answered once, to one caller. */
  reap(input: { limit: number }): Promise<PoolLeaseRef[]>
}

export type PoolLeaseRef = Pick<PoolLease, 'leaseId' | 'channelId' | 'credentialId'>
