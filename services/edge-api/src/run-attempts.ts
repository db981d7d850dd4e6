/** The part of the table of contents that is tried more than once: choose, dispatch, relay. */
import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { secretsOf } from '@sluice/upstreams/error-body'
import { ABORTED, OK, outcomeOf } from '@sluice/upstreams/outcome-of'

import { attemptTarget, reportOutcome } from './attempt-target.ts'
import type { ChatContext, ChatRequest } from './chat-context.ts'
import { chooseChannels } from './choose/choose-channels.ts'
import type { Judged } from './dispatch/judge-end.ts'
import { judgeEnd } from './dispatch/judge-end.ts'
import type { AttemptsEnd } from './end-answer.ts'
import { endCut, endStopped, giveUp } from './end-answer.ts'
import type { AttemptState, Target } from './find-target.ts'
import { firstTarget, nextTarget, noneFree, waitForUpstreamMs } from './find-target.ts'
import type { RelayEnd } from './relay-end.ts'
import type { AnswerSink } from './relay/answer-sink.ts'

/** Tries channels and credentials in order until one answers. Throws as long as nothing was answered. */
export async function runAttempts(
  context: ChatContext,
  turn: ChatRequest,
  sink: AnswerSink,
): Promise<AttemptsEnd> {
  const { random } = context.gateway.deps
  context.budget.earn()
  const channels = chooseChannels(turn.routes.chat, random.next)
  const attemptState: AttemptState = { channels, tried: undefined, attempts: 0, attemptsHere: 0 }
  let target = firstTarget(context, attemptState, 0)
  if (!target) throw noneFree(context, attemptState)
  for (;;) {
    attemptState.attempts += 1
    attemptState.attemptsHere += 1
    const end = await attemptTarget(context, turn, { target, sink })
    if (end.kind === 'delivered') {
      reportOutcome(context, target.credential.id, successOf(context, target))
      return { meter: end.meter, endState: 'finished' }
    }
    if (end.kind === 'stopped') {
      reportOutcome(context, target.credential.id, ABORTED)
      return endStopped(turn, sink, end)
    }
    attemptState.tried ??= new Set()
    attemptState.tried.add(target.credential.id)
    const judged = judge(context, end, target)
    if (sink.carried && 'meter' in end && end.meter)
      return endCut(turn, sink, { judged, meter: end.meter })
    const next = nextTarget(context, turn, { attemptState, judged, target })
    if (!next)
      return giveUp(turn, sink, { judged, waitMs: waitForUpstreamMs(context, attemptState) })
    if (next.credential !== target.credential) attemptState.attemptsHere = 0
    if (attemptState.attempts > 1) context.budget.spend()
    target = next
  }
}

/** A success names what worked only where something is known that it may end. */
function successOf({ uses }: ChatContext, { candidate, credential }: Target): Outcome {
  if (!credential.restrictions && !uses.of(credential.id)?.restrictions) return OK
  return { kind: 'ok', operation: 'chat', model: candidate.model.upstreamModel }
}

function judge(
  context: ChatContext,
  end: Exclude<RelayEnd, { kind: 'delivered' } | { kind: 'stopped' }>,
  { candidate, credential }: Target,
): Judged {
  const { clock, log } = context.gateway.deps
  const nowMs = clock.nowMs()
  // Whoever was answered has entered, so that this is at hand.
  const wasAnswered = end.kind === 'answered' || end.kind === 'bad-answer'
  const entry = wasAnswered ? context.enter(candidate.channel, credential) : undefined
  const secret = entry ? secretsOf(entry.access) : ''
  const model = candidate.model.upstreamModel
  const judged = judgeEnd(end, { nowMs, secret, model })
  const outcome = outcomeOf(judged.failure, { nowMs, operation: 'chat', model })
  reportOutcome(context, credential.id, outcome)
  const { reason, failureClass, status } = judged.failure
  if (reason === 'request-refused') context.uses.noteRefusal(credential.id, nowMs)
  if (failureClass !== 'caller-bad') {
    const channelId = candidate.channel.id
    const facts = { channelId, credentialId: credential.id, reason, failureClass, status }
    log.warn(facts, 'an upstream failed')
  }
  return judged
}
