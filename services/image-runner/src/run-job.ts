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
import type { RunnerParts } from './deps.ts'
import type { DrawEnd } from './draw/draw-part.ts'
import { drawPart } from './draw/draw-part.ts'
import type { HeldJob } from './held-job.ts'
import { holdJob } from './held-job.ts'
import { keepPartial } from './keep/keep-partial.ts'
import { keepPicture } from './keep/keep-picture.ts'
import { readPictureNote } from './keep/picture-note.ts'
import { announceEvents } from './notify/announce-events.ts'
import { obtainPatiently } from './places/obtain-patiently.ts'
import type { Place } from './places/place.ts'
import { leaseOutcome } from './settle/lease-outcome.ts'
import { settleJob } from './settle/settle-job.ts'
import type { WakeUp } from './wake-ups.ts'

type Drawn = Extract<DrawEnd, { outcome: 'drawn' }>

/** Takes a job that waits and brings it to its end, as far as this runner can. Never rejects. */
export async function runJob(parts: RunnerParts, wake: WakeUp): Promise<void> {
  try {
    const claimed = await claimJob(parts, wake)
    if (claimed) await runClaimed(parts, claimed)
  } catch (err) {
    // The row is as it was, or its claim is lost with us: either way it is found again.
    const level = isAppError(err, 'unavailable') ? 'warn' : 'error'
    parts.log[level]({ err, jobId: wake.jobId }, 'a job could not be run and is left to the next')
  }
}

async function runClaimed(parts: RunnerParts, claimed: Claimed): Promise<void> {
  const { moved, places } = claimed
  const held = holdJob(
    { ...parts, announce: (job, events) => announceEvents(parts, { job, events }) },
    moved,
  )
  parts.held.add(held)
  // Possible losses of calls that were stopped, by index of the part.
  const cutOff = new Map<number, number>()
  const draw = (index: number, place: Place) => drawAndKeep(parts, { held, index, place, cutOff })
  try {
    await adoptStored(parts, { held, claimed })
    if (claimed.hopeless !== undefined) await failWaiting(parts, { held, reason: claimed.hopeless })
    const ends = await Promise.allSettled([
      ...[...places].map(([index, place]) => draw(index, place)),
      drawWaiting(parts, { held, draw }),
    ])
    const broken = ends.find((end) => end.status === 'rejected')
    if (broken) throw broken.reason
    // What is still open found no place any more.
    if (parts.draining.aborted) held.stop('drain')
  } catch (err) {
    parts.log.error({ err, jobId: held.job.id }, 'running a job broke; what is open of it fails')
  } finally {
    for (const place of places.values()) place.free()
    await settleJob(parts, { held, cutOff })
  }
}

/** Keeps what an earlier holder had stored: no part is drawn twice because somebody died. */
async function adoptStored(
  { counters, log }: RunnerParts,
  { held, claimed }: { held: HeldJob; claimed: Claimed },
): Promise<void> {
  for (const { facts, ...place } of claimed.found) {
    const known = readPictureNote(place, facts)
    if (!known) continue
    log.info({ jobId: held.job.id, index: place.index }, 'a stored picture was found and is kept')
    counters.adopted.add({})
    await held.write({ type: 'keep', stored: known.part })
  }
}

/** The parts that found no place at the claim, one after the other as places become free. */
async function drawWaiting(
  parts: RunnerParts,
  { held, draw }: { held: HeldJob; draw: (index: number, place: Place) => Promise<void> },
): Promise<void> {
  const running: Promise<void>[] = []
  const { request, wallet } = held.job
  const signal = AbortSignal.any([held.signal, parts.draining])
  const wish = { model: request.model, wallet, urgent: true, signal }
  const nextWaiting = () => held.job.parts.find(({ state }) => state === 'waiting')?.index
  try {
    for (let index = nextWaiting(); index !== undefined; index = nextWaiting()) {
      const answer = await obtainPatiently(parts, wish)
      if (answer.outcome !== 'granted') {
        const reason = answer.outcome === 'none' ? answer.reason : answer.outcome
        await failWaiting(parts, { held, reason })
        break
      }
      if (await held.write({ type: 'begin', indexes: [index] })) {
        running.push(draw(index, answer.place))
      } else {
        answer.place.free()
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

async function drawAndKeep(
  parts: RunnerParts,
  { held, index, place, cutOff }: DrawAndKeepInput,
): Promise<void> {
  const { clock, counters } = parts
  const startedAtMs = clock.monotonicMs()
  crashPoint('runner-before-draw')
  const drawn = await drawPart(parts, {
    held,
    index,
    place,
    outcomeOf: (end) => {
      const model = 'upstreamModel' in end ? end.upstreamModel : undefined
      return leaseOutcome(end, { nowMs: clock.nowMs(), model })
    },
    onPartial: async (partial) => {
      const move = await keepPartial(parts, { held, index, partial })
      if (move) await held.write(move)
    },
  })
  crashPoint('runner-after-draw')
  counters.draws.add({ outcome: drawn.outcome })
  counters.drawSeconds.observe({}, (clock.monotonicMs() - startedAtMs) / 1_000)
  const { possibleLosses } = drawn
  try {
    if (drawn.outcome === 'stopped') {
      cutOff.set(index, possibleLosses + (drawn.mayHaveProduced ? 1 : 0))
    } else if (drawn.outcome === 'failed') {
      await held.write({ type: 'fail', index, failure: drawn.failure, possibleLosses })
    } else {
      await held.write(await keepDrawn(parts, { held, index, drawn }))
    }
  } finally {
    drawn.place?.free()
  }
}

interface DrawAndKeepInput {
  held: HeldJob
  index: number
  place: Place
  cutOff: Map<number, number>
}

async function keepDrawn(
  parts: RunnerParts,
  { held, index, drawn }: { held: HeldJob; index: number; drawn: Drawn },
): Promise<HolderMove> {
  const { picture, possibleLosses } = drawn
  const kept = await keepPicture(parts, { jobId: held.job.id, index, picture })
  crashPoint('runner-after-blob')
  if (kept.outcome === 'failed') {
    return { type: 'fail', index, failure: kept.failure, possibleLosses: possibleLosses + 1 }
  }
  const lost = possibleLosses + (kept.mine ? 0 : 1)
  return { type: 'keep', stored: kept.part, possibleLosses: lost }
}

async function failWaiting(
  { log }: RunnerParts,
  { held, reason }: { held: HeldJob; reason: string },
): Promise<void> {
  log.warn({ jobId: held.job.id, reason }, 'no upstream serves the model of a job; it fails')
  const failure = { code: 'overloaded', message: 'No upstream serves this model now.' }
  const waiting = held.job.parts.filter(({ state }) => state === 'waiting')
  const moves = waiting.map(({ index }): HolderMove => ({ type: 'fail', index, failure }))
  if (moves.length > 0) await held.write(...moves)
}
