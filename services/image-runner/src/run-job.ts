/**
 * THE TABLE OF CONTENTS of an image job: claim, draw, keep, notify, settle. Pictures of one job are
 * drawn side by side, each with a credential of its own; what each step means when it fails is said
 * in its station, and which step follows is said here.
 */
import type { HolderMove } from '@sluice/jobs/holder-moves'
import { isAppError } from '@sluice/kernel/app-error'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { Claimed } from './claim/claim-job.ts'
import { claimJob } from './claim/claim-job.ts'
import type { RunnerContext } from './deps.ts'
import type { GenerateEnd } from './generate/generate-part.ts'
import { generatePart } from './generate/generate-part.ts'
import type { HeldJob } from './held-job.ts'
import { holdJob } from './held-job.ts'
import { storePartial } from './pictures/store-partial.ts'
import { storePicture } from './pictures/store-picture.ts'
import { readPictureNote } from './pictures/picture-note.ts'
import { announceEvents } from './notify/announce-events.ts'
import { acquireSlot } from './slots/acquire-slot.ts'
import type { Slot } from './slots/slot.ts'
import { leaseOutcome } from './settle/lease-outcome.ts'
import { settleJob } from './settle/settle-job.ts'
import type { WakeUp } from './wake-ups.ts'

type Generated = Extract<GenerateEnd, { outcome: 'drawn' }>

/** Takes a job that waits and brings it to its end, as far as this runner can. Never rejects. */
export async function runJob(context: RunnerContext, wake: WakeUp): Promise<void> {
  try {
    const claimed = await claimJob(context, wake)
    if (claimed) await runClaimed(context, claimed)
  } catch (err) {
    // The row is as it was, or its claim is lost with us: either way it is found again.
    const level = isAppError(err, 'unavailable') ? 'warn' : 'error'
    context.log[level]({ err, jobId: wake.jobId }, 'a job could not be run and is left to the next')
  }
}

async function runClaimed(context: RunnerContext, claimed: Claimed): Promise<void> {
  const { moved, slots } = claimed
  const held = holdJob(
    { ...context, announce: (job, events) => announceEvents(context, { job, events }) },
    moved,
  )
  context.held.add(held)
  // Possible losses of calls that were stopped, by index of the part.
  const cutOff = new Map<number, number>()
  const generateImage = (index: number, slot: Slot) =>
    generateAndStore(context, { held, index, slot, cutOff })
  try {
    await adoptStored(context, { held, claimed })
    if (claimed.hopeless !== undefined)
      await failWaiting(context, { held, reason: claimed.hopeless })
    const ends = await Promise.allSettled([
      ...[...slots].map(([index, slot]) => generateImage(index, slot)),
      generateWaiting(context, { held, generateImage }),
    ])
    const broken = ends.find((end) => end.status === 'rejected')
    if (broken) throw broken.reason
    // What is still open found no place any more.
    if (context.draining.aborted) held.stop('drain')
  } catch (err) {
    context.log.error({ err, jobId: held.job.id }, 'running a job broke; what is open of it fails')
  } finally {
    for (const slot of slots.values()) slot.free()
    await settleJob(context, { held, cutOff })
  }
}

/** Keeps what an earlier holder had stored: no part is drawn twice because somebody died. */
async function adoptStored(
  { counters, log }: RunnerContext,
  { held, claimed }: { held: HeldJob; claimed: Claimed },
): Promise<void> {
  for (const { facts, ...slot } of claimed.found) {
    const known = readPictureNote(slot, facts)
    if (!known) continue
    log.info({ jobId: held.job.id, index: slot.index }, 'a stored picture was found and is kept')
    counters.adopted.add({})
    await held.write({ type: 'store', stored: known.part })
  }
}

/** The parts that found no place at the claim, one after the other as places become free. */
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
      const answer = await acquireSlot(context, slotRequest)
      if (answer.outcome !== 'granted') {
        const reason = answer.outcome === 'none' ? answer.reason : answer.outcome
        await failWaiting(context, { held, reason })
        break
      }
      if (await held.write({ type: 'begin', indexes: [index] })) {
        running.push(generateImage(index, answer.slot))
      } else {
        answer.slot.free()
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
  const kept = await storePicture(context, { jobId: held.job.id, index, picture })
  crashPoint('runner-after-blob')
  if (kept.outcome === 'failed') {
    return {
      type: 'fail',
      index,
      failure: kept.failure,
      unconfirmedCharges: unconfirmedCharges + 1,
    }
  }
  const lost = unconfirmedCharges + (kept.mine ? 0 : 1)
  return { type: 'store', stored: kept.part, unconfirmedCharges: lost }
}

async function failWaiting(
  { log }: RunnerContext,
  { held, reason }: { held: HeldJob; reason: string },
): Promise<void> {
  log.warn({ jobId: held.job.id, reason }, 'no upstream serves the model of a job; it fails')
  const failure = { code: 'overloaded', message: 'No upstream serves this model now.' }
  const waiting = held.job.parts.filter(({ state }) => state === 'waiting')
  const moves = waiting.map(({ index }): HolderMove => ({ type: 'fail', index, failure }))
  if (moves.length > 0) await held.write(...moves)
}
