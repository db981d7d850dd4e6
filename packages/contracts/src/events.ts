import { z } from 'zod'

import { id, instant } from './codecs.ts'
import { imageFacts } from './image-request.ts'
import { imageTokens } from './usage.ts'

/** A stored picture of a job. */
export const storedPart = z.object({
  index: z.int().nonnegative(),
  blobKey: z.string(),
  bytes: z.int().positive(),
  sha256: z.string(),
  facts: imageFacts,
  revisedPrompt: z.string().nullable(),
  tokens: imageTokens.nullable(),
})
export type StoredPart = z.output<typeof storedPart>

const failure = z.object({
  code: z.string(),
  message: z.string(),
  /** The parameter that the upstream reports as invalid, and the upstream's error code. */
  param: z.string().optional(),
  upstreamCode: z.string().optional(),
})

/** The data of an event of an image job. */
export const imageJobFact = z.discriminatedUnion('type', [
  z.object({ type: z.literal('queued') }),
  z.object({ type: z.literal('started'), attempt: z.int().positive() }),
  /** A partial picture; its bytes are in the blob store for a short time. */
  z.object({
    type: z.literal('partial'),
    index: z.int().nonnegative(),
    partialIndex: z.int().nonnegative(),
    blobKey: z.string(),
    facts: imageFacts,
  }),
  z.object({ type: z.literal('stored'), part: storedPart }),
  z.object({ type: z.literal('part-failed'), index: z.int().nonnegative(), failure }),
  /** The runner of the job was lost; the job is queued again. */
  z.object({ type: z.literal('requeued'), reason: z.string() }),
  /** The last event. `parts` are the stored ones, by index; `failure` is set unless `state` is done. */
  z.object({
    type: z.literal('ended'),
    state: z.enum(['done', 'failed', 'cancelled']),
    parts: z.array(storedPart),
    failure: failure.nullable(),
  }),
])
export type ImageJobFact = z.output<typeof imageJobFact>

export const imageJobEvent = z.object({
  jobId: id,
  /** 1, 2, 3, … within the job. */
  seq: z.int().positive(),
  at: instant,
  fact: imageJobFact,
})
export type ImageJobEvent = z.output<typeof imageJobEvent>

/**
 * Subjects of the bus. A `topic` message is sent to every subscriber and may be lost; a `queue` message is
 * sent to one consumer of the group and redelivered until it is acknowledged. All are hints: the database
 * row is authoritative. None has amounts: `captureUsage` reports usage, and billing reads ended jobs' rows.
 */
export const busEvents = {
  'image-job-queued': {
    delivery: 'queue',
    schema: z.object({
      jobId: id,
      model: z.string(),
      /** The wallet, for fair queueing between wallets. */
      wallet: id.optional(),
      /** The number of its pictures that are not generated yet; 1 by default. */
      waiting: z.int().positive().optional(),
      /** The job was claimed before, so some of its pictures may be stored already. */
      again: z.boolean().optional(),
    }),
  },
  'image-job-ended': { delivery: 'queue', schema: z.object({ jobId: id }) },
  'image-job-event': { delivery: 'topic', schema: imageJobEvent },
  'image-job-cancelled': { delivery: 'topic', schema: z.object({ jobId: id }) },
  'api-key-changed': { delivery: 'topic', schema: z.object({ apiKeyId: id }) },
  'catalog-changed': {
    delivery: 'topic',
    schema: z.object({
      /** The catalog version that includes the change; absent when something else changed. */
      version: z.int().nonnegative().optional(),
    }),
  },
  'lease-freed': { delivery: 'topic', schema: z.object({ channelId: id }) },
} as const satisfies Record<string, { delivery: 'topic' | 'queue'; schema: z.ZodType }>

export type BusEventName = keyof typeof busEvents
export type BusEvent<Name extends BusEventName> = z.output<(typeof busEvents)[Name]['schema']>
