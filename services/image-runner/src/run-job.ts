/**
 * The flow of an image job: claim, generate, store, notify, settle. Pictures of one job are generated
 * concurrently, each with its own credential lease. The stages handle their failures; this file decides
 * which stage follows.
 */
import type { HolderMove } from '@sluice/jobs/holder-moves'
import { isAppError } from '@sluice/kernel/app-error'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { Claimed } from './claim/claim-job.ts'
import { claimJob } from './claim/claim-job.ts'
import type { RunnerContext } from './deps.ts'
import type { GenerateResult } from './generate/generate-part.ts'
import { generatePart } from './generate/generate-part.ts'
import type { HeldJob } from './held-job.ts'
import { holdJob } from './held-job.ts'
import { storePartial } from './pictures/store-partial.ts'
import { storePicture } from './pictures/store-picture.ts'
import { readPictureNote } from './pictures/picture-note.ts'
import { publishEvents } from './notify/publish-events.ts'
import { acquireSlot } from './slots/acquire-slot.ts'
import type { Slot } from './slots/slot.ts'
import { leaseOutcome } from './settle/lease-outcome.ts'
import { settleJob } from './settle/settle-job.ts'
import type { JobHint } from './job-intake.ts'

type Generated = Extract<GenerateResult, { outcome: 'generated' }>

/** Claims a queued job and runs it. Never rejects. */
export async function runJob(context: RunnerContext, hint: JobHint): Promise<void> {
  try {
    const claimed = await claimJob(context, hint)
    if (claimed) await runClaimed(context, claimed)
  } catch (err) {
    // The job is still queued, or its claim expires: in both cases a runner finds it again.
    const level = isAppError(err, 'unavailable') ? 'warn' : 'error'
    context.log[level](
      { err, jobId: hint.jobId },
      'the job could not be run; a later attempt will find it',
    )
  }
}

async function runClaimed(context: RunnerContext, claimed: Claimed): Promise<void> {
  const { transition, slots } = claimed
  const held = holdJob(
    { ...context, announce: (job, events) => publishEvents(context, { job, events }) },
    transition,
  )
  context.held.add(held)
  // Unconfirmed charges of stopped calls, by index of the part.
  const cutOff = new Map<number, number>()
  const generateImage = (index: number, slot: Slot) =>
    generateAndStore(context, { held, index, slot, cutOff })
  try {
    await adoptStored(context, { held, claimed })
    if (claimed.unservable !== undefined)
      await failWaiting(context, { held, reason: claimed.unservable })
    const ends = await Promise.allSettled([
      ...[...slots].map(([index, slot]) => generateImage(index, slot)),
      generateWaiting(context, { held, generateImage }),
    ])
    const rejected = ends.find((end) => end.status === 'rejected')
    if (rejected) throw rejected.reason
    // Parts that are still open got no slot before the shutdown.
    if (context.draining.aborted) held.stop('drain')
  } catch (err) {
    context.log.error({ err, jobId: held.job.id }, 'running the job failed; its open parts fail')
  } finally {
    for (const slot of slots.values()) slot.free()
    await settleJob(context, { held, cutOff })
  }
}

/** Adopts the pictures that an earlier holder has stored, instead of generating them again. */
async function adoptStored(
  { counters, log }: RunnerContext,
  { held, claimed }: { held: HeldJob; claimed: Claimed },
): Promise<void> {
  for (const { facts, ...slot } of claimed.found) {
    const known = readPictureNote(slot, facts)
    if (!known) continue
    log.info(
      { jobId: held.job.id, index: slot.index },
      'adopting a picture that an earlier runner stored',
    )
    counters.adopted.add({})
    await held.write({ type: 'store', stored: known.part })
  }
}

/** Generates the parts without a slot at the claim, one after the other as slots become free. */
async function generateWaiting(
  context: RunnerContext,
  {
    held,
    generateImage,
  }: { held: HeldJob; generateImage: (index: number, slot: Slot) => Promise<void> },
): Promise<void> {
  const running: Promise<void>[] = []
  const { request, wallet } = held.job
  const signal = AbortSignal.any([held.signal, context.draining])
  const slotRequest = { model: request.model, wallet, urgent: true, signal }
  const nextWaiting = () => held.job.parts.find(({ state }) => state === 'waiting')?.index
  try {
    for (let index = nextWaiting(); index !== undefined; index = nextWaiting()) {
      const result = await acquireSlot(context, slotRequest)
      if (result.outcome !== 'granted') {
        const reason = result.outcome === 'none' ? result.reason : result.outcome
        await failWaiting(context, { held, reason })
        break
      }
      if (await held.write({ type: 'begin', indexes: [index] })) {
        running.push(generateImage(index, result.slot))
      } else {
        result.slot.free()
        break
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await Promise.allSettled(running)
  }
  await Promise.all(running)
}

async function generateAndStore(
  context: RunnerContext,
  { held, index, slot, cutOff }: GenerateAndStoreInput,
): Promise<void> {
  const { clock, counters } = context
  const startedAtMs = clock.monotonicMs()
  crashPoint('runner-before-generate')
  const generated = await generatePart(context, {
    held,
    index,
    slot,
    outcomeOf: (end) => {
      const model = 'upstreamModel' in end ? end.upstreamModel : undefined
      return leaseOutcome(end, { nowMs: clock.nowMs(), model })
    },
    onPartial: async (partial) => {
      const move = await storePartial(context, { held, index, partial })
      if (move) await held.write(move)
    },
  })
  crashPoint('runner-after-generate')
  counters.generations.add({ outcome: generated.outcome })
  counters.generateSeconds.observe({}, (clock.monotonicMs() - startedAtMs) / 1_000)
  const { unconfirmedCharges } = generated
  try {
    if (generated.outcome === 'stopped') {
      cutOff.set(index, unconfirmedCharges + (generated.mayHaveProduced ? 1 : 0))
    } else if (generated.outcome === 'failed') {
      await held.write({ type: 'fail', index, failure: generated.failure, unconfirmedCharges })
    } else {
      await held.write(await storeGenerated(context, { held, index, generated }))
    }
  } finally {
    generated.slot?.free()
  }
}

interface GenerateAndStoreInput {
  held: HeldJob
  index: number
  slot: Slot
  cutOff: Map<number, number>
}

async function storeGenerated(
  context: RunnerContext,
  { held, index, generated }: { held: HeldJob; index: number; generated: Generated },
): Promise<HolderMove> {
  const { picture, unconfirmedCharges } = generated
  const stored = await storePicture(context, { jobId: held.job.id, index, picture })
  crashPoint('runner-after-blob')
  if (stored.outcome === 'failed') {
    return {
      type: 'fail',
      index,
      failure: stored.failure,
      unconfirmedCharges: unconfirmedCharges + 1,
    }
  }
  const charges = unconfirmedCharges + (stored.isOwn ? 0 : 1)
  return { type: 'store', stored: stored.part, unconfirmedCharges: charges }
}

async function failWaiting(
  { log }: RunnerContext,
  { held, reason }: { held: HeldJob; reason: string },
): Promise<void> {
  log.warn({ jobId: held.job.id, reason }, 'the job fails: no upstream serves its model')
  const failure = { code: 'overloaded', message: 'No upstream serves this model now.' }
  const waiting = held.job.parts.filter(({ state }) => state === 'waiting')
  const moves = waiting.map(({ index }): HolderMove => ({ type: 'fail', index, failure }))
  if (moves.length > 0) await held.write(...moves)
}
