/** The retried part of the chat flow: choose a credential, call the upstream, relay the response. */
import { noAttempts } from '@sluice/attempts/next-step'
import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { secretsOf } from '@sluice/upstreams/error-body'
import { ABORTED, OK, outcomeOf } from '@sluice/upstreams/outcome-of'

import { attemptTarget, reportOutcome } from './attempt-target.ts'
import type { ChatContext, ChatRequest } from './chat-context.ts'
import { chooseChannels } from '../routing/choose-channels.ts'
import type { AttemptFailure } from './classify-end.ts'
import { classifyEnd } from './classify-end.ts'
import type { AttemptsEnd } from './end-answer.ts'
import { endCut, endStopped, giveUp } from './end-answer.ts'
import type { AttemptState, Target } from './find-target.ts'
import { firstTarget, nextTarget, noCredentialError, waitForUpstreamMs } from './find-target.ts'
import type { RelayEnd } from './relay-end.ts'
import type { AnswerSink } from './relay/answer-sink.ts'

/** Tries channels and credentials in order until one responds. Throws when nothing was sent to the caller. */
export async function runAttempts(
  context: ChatContext,
  request: ChatRequest,
  sink: AnswerSink,
): Promise<AttemptsEnd> {
  const { random } = context.gateway.deps
  context.retries.begin()
  const channels = chooseChannels(request.routes.chat, random.next)
  const attemptState: AttemptState = { channels, tried: undefined, counts: noAttempts }
  let target = firstTarget(context, attemptState, 0)
  if (!target) throw noCredentialError(context, attemptState)
  for (;;) {
    const end = await attemptTarget(context, request, { target, sink })
    if (end.kind === 'delivered') {
      reportOutcome(context, target.credential.id, successOf(context, target))
      return { meter: end.meter, endState: 'finished' }
    }
    if (end.kind === 'stopped') {
      reportOutcome(context, target.credential.id, ABORTED)
      return endStopped(request, sink, end)
    }
    attemptState.tried ??= new Set()
    attemptState.tried.add(target.credential.id)
    const classified = classifyAndReport(context, end, target)
    if (sink.bodyStarted && 'meter' in end && end.meter)
      return endCut(request, sink, { classified, meter: end.meter })
    const next = nextTarget(context, request, { attemptState, classified, target })
    if (!next)
      return giveUp(request, sink, { classified, waitMs: waitForUpstreamMs(context, attemptState) })
    target = next
  }
}

/** The outcome names operation and model only when the credential has restrictions that it may lift. */
function successOf({ uses }: ChatContext, { candidate, credential }: Target): Outcome {
  if (!credential.restrictions && !uses.of(credential.id)?.restrictions) return OK
  return { kind: 'ok', operation: 'chat', model: candidate.model.upstreamModel }
}

function classifyAndReport(
  context: ChatContext,
  end: Exclude<RelayEnd, { kind: 'delivered' } | { kind: 'stopped' }>,
  { candidate, credential }: Target,
): AttemptFailure {
  const { clock, log } = context.gateway.deps
  const nowMs = clock.nowMs()
  // After a response this access is already cached.
  const hasResponse = end.kind === 'error-status' || end.kind === 'unusable'
  const channelAccess = hasResponse ? context.openChannel(candidate.channel, credential) : undefined
  const secret = channelAccess ? secretsOf(channelAccess.access) : ''
  const model = candidate.model.upstreamModel
  const classified = classifyEnd(end, { nowMs, secret, model })
  const outcome = outcomeOf(classified.failure, { nowMs, operation: 'chat', model })
  reportOutcome(context, credential.id, outcome)
  const { reason, failureClass, status } = classified.failure
  if (reason === 'request-refused') context.uses.noteRefusal(credential.id, nowMs)
  if (failureClass !== 'caller-bad') {
    const channelId = candidate.channel.id
    const facts = { channelId, credentialId: credential.id, reason, failureClass, status }
    log.warn(facts, 'an upstream failed')
  }
  return classified
}
