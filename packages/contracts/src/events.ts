import { z } from 'zod'

import { id, instant } from './codecs.ts'
import { imageFacts } from './image-request.ts'
import { imageTokens } from './usage.ts'

/** A picture of a job that was stored. */
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
  /** The parameter that the upstream names as wrong, and its own code of the caller's mistake. */
  param: z.string().optional(),
  upstreamCode: z.string().optional(),
})

/** What happens in the life of an image job, in the order of its numbers. */
export const imageJobFact = z.discriminatedUnion('type', [
  z.object({ type: z.literal('queued') }),
  z.object({ type: z.literal('started'), attempt: z.int().positive() }),
  /** A partial picture; its bytes are in the blob store with a short life. */
  z.object({
    type: z.literal('partial'),
    index: z.int().nonnegative(),
    partialIndex: z.int().nonnegative(),
    blobKey: z.string(),
    facts: imageFacts,
  }),
  z.object({ type: z.literal('stored'), part: storedPart }),
  z.object({ type: z.literal('part-failed'), index: z.int().nonnegative(), failure }),
  /** A runner was lost; the job waits again. */
  z.object({ type: z.literal('requeued'), reason: z.string() }),
  /** The end. `parts` are those stored, in order of index; `failure` is set unless state is done. */
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
 * Subjects of the bus. `topic` reaches every subscriber and may be lost; `queue` reaches one consumer
 * of the group, again until it is acknowledged. All are hints: the row is the truth. None carries money: usage
 * goes by `captureUsage`, and what ended jobs cost is read from their rows.
 */
export const busEvents = {
  'image-job-queued': {
    delivery: 'queue',
    schema: z.object({
      jobId: id,
      model: z.string(),
      /** Whose turn it is, where jobs must wait for each other. */
      wallet: id.optional(),
      /** How many of its pictures wait to be drawn; 1 unless said. */
      waiting: z.int().positive().optional(),
      /** It was claimed before, so some of its pictures may be stored already. */
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
      /** The catalog's version with the change in it; absent when something else changed. */
      version: z.int().nonnegative().optional(),
    }),
  },
  'lease-freed': { delivery: 'topic', schema: z.object({ channelId: id }) },
} as const satisfies Record<string, { delivery: 'topic' | 'queue'; schema: z.ZodType }>

export type BusEventName = keyof typeof busEvents
export type BusEvent<Name extends BusEventName> = z.output<(typeof busEvents)[Name]['schema']>
