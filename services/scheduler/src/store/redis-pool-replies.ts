import { credentialOperation } from '@sluice/contracts/scheduler.contract'

import { z } from 'zod'

import { idleStatus } from '../eligibility/eligibility.ts'
import { initialHealth } from '../eligibility/health.ts'
import type { Health } from '../eligibility/health.ts'
import type { Candidate } from '../lease/lease.ts'
import type { PoolStore, ReleaseResult, TakeResult, WriteResult } from './pool-store.ts'

const count = z.int().nonnegative()
const flag = z.literal([0, 1]).transform((bit) => bit === 1)

const restriction = z.object({
  kind: z.enum(['limited', 'denied']),
  operation: credentialOperation.optional(),
  model: z.string().optional(),
  untilMs: z.number(),
  times: count,
})
const storedHealth = z.object({
  circuit: z.discriminatedUnion('state', [
    z.object({ state: z.literal('closed'), failures: count, lastFailureMs: z.number() }),
    z.object({ state: z.literal('open'), untilMs: z.number(), trips: count }),
  ]),
  cooldown: z.object({ untilMs: z.number(), times: count }).nullable(),
  attention: z.string().nullable(),
  // Absent in health that an earlier release wrote.
  refusals: count.default(0),
  restrictions: z.array(restriction).default([]),
})
/** Empty for initial health; health in the format of another release is read as initial health. */
const health = z.string().transform((json): Health => {
  if (json === '') return initialHealth
  return storedHealth.safeParse(JSON.parse(json)).data ?? initialHealth
})

const refusal = z.tuple([count, count, flag])
const takeReply = z.tuple([z.int(), count, count, flag, count, z.array(refusal)])
const conflictReply = z.tuple([z.literal('conflict'), count, count, health]).rest(z.unknown())
const probingConflictReply = z.tuple([z.literal('conflict'), count, count, health, flag])
const text = z.string()
const releasedReply = z.tuple([
  z.literal('released'),
  text,
  text,
  text,
  count,
  count,
  count,
  flag,
  count,
  flag,
])
const kindOf = (reply: unknown) => z.array(z.unknown()).parse(reply)[0]
const readReply = z.array(z.tuple([count, flag, count, count, health]))

/** Parses the replies of the scripts into the results of `PoolStore`. */
export const poolReplies = {
  take: ({
    reply,
    leaseId,
    holder,
    candidates,
  }: {
    reply: unknown
    leaseId: string
    holder: string
    candidates: readonly Candidate[]
  }): TakeResult => {
    const [at, fence, ends, probe, leases, refused] = takeReply.parse(reply)
    const refusals = refused.map(([alive, notBeforeMs, disabled], index) => ({
      credentialId: candidates[index]?.credentialId ?? '',
      leases: alive,
      notBeforeMs: notBeforeMs === 0 ? null : notBeforeMs,
      disabled,
    }))
    const taken = candidates[at]
    if (taken === undefined) return { lease: null, leases: 0, refusals }
    const { channelId, credentialId, epoch } = taken
    const expiresAt = new Date(ends)
    const lease = { leaseId, holder, channelId, credentialId, epoch, fence, expiresAt, probe }
    return { lease, leases, refusals }
  },

  renew: (reply: unknown): Date | null => {
    const ends = count.parse(reply)
    return ends === 0 ? null : new Date(ends)
  },

  release: ({ reply, leaseId }: { reply: unknown; leaseId: string }): ReleaseResult => {
    if (kindOf(reply) === 'lost') return { kind: 'lost' }
    if (kindOf(reply) === 'conflict') {
      const [, epoch, stamp, known, probe] = probingConflictReply.parse(reply)
      return { kind: 'conflict', known: { epoch, stamp, health: known }, probe }
    }
    const released = releasedReply.parse(reply)
    const [, channelId, credentialId, holder, fence, epoch, ends, probe, leasesBefore, current] =
      released
    const expiresAt = new Date(ends)
    const lease = { leaseId, channelId, credentialId, holder, fence, epoch, expiresAt, probe }
    return { kind: 'released', lease, leasesBefore, current }
  },

  writeHealth: (reply: unknown): WriteResult => {
    if (kindOf(reply) === 'written') return { kind: 'written' }
    const [, epoch, stamp, known] = conflictReply.parse(reply)
    return { kind: 'conflict', known: { epoch, stamp, health: known } }
  },

  read: ({
    reply,
    credentialIds,
  }: {
    reply: unknown
    credentialIds: readonly string[]
  }): Awaited<ReturnType<PoolStore['read']>> => {
    const rows = readReply.parse(reply)
    return new Map(
      credentialIds.map((id, index) => {
        const row = rows[index]
        if (row === undefined) return [id, { ...idleStatus, stamp: 0 }]
        const [leases, probing, epoch, stamp, known] = row
        return [id, { leases, probing, epoch, stamp, health: known }]
      }),
    )
  },

  reap: (reply: unknown) =>
    z
      .array(z.string())
      .parse(reply)
      .map((member) => {
        const [leaseId = '', channelId = '', credentialId = ''] = member.split(' ')
        return { leaseId, channelId, credentialId }
      }),
}
