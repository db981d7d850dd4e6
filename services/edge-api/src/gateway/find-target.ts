import type { AttemptCounts } from '@sluice/attempts/next-step'
import type { CatalogCredential } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

import type { ChatContext, ChatRequest } from './chat-context.ts'
import { timeLeftMs } from './chat-context.ts'
import type { Candidate } from '../routing/catalog.ts'
import { chooseCredential } from '../routing/choose-credential.ts'
import type { AttemptFailure } from './classify-end.ts'

/** No further attempt is made with less time than this left. */
const ATTEMPT_MS_MIN = 1_000

/** A channel and the credential to call it with. */
export interface Target {
  candidate: Candidate
  credential: CatalogCredential
  channelAt: number
  /** The upstream recently denied such calls of this credential. */
  isDenied: boolean
}

/** The attempts of one request so far. */
export interface AttemptState {
  channels: readonly Candidate[]
  /** Ids of credentials that failed; created at the first failure. */
  tried: Set<string> | undefined
  counts: AttemptCounts
}

/**
 * The first channel, from index `from` on, with a usable credential. A channel whose credentials were all
 * denied such calls is used only when no other channel is left.
 */
export function firstTarget(
  context: ChatContext,
  attemptState: AttemptState,
  from: number,
): Target | undefined {
  let denied: Target | undefined
  for (let at = from; at < attemptState.channels.length; at += 1) {
    const target = targetIn(context, attemptState, at)
    if (target && !target.isDenied) return target
    denied ??= target
  }
  return denied
}

/** Counts a failure. Returns the target of the next attempt; undefined when there is none. */
export function nextTarget(
  context: ChatContext,
  request: ChatRequest,
  {
    attemptState,
    classified,
    target,
  }: { attemptState: AttemptState; classified: AttemptFailure; target: Target },
): Target | undefined {
  const otherCredential = targetIn(context, attemptState, target.channelAt)
  const otherChannel = firstTarget(context, attemptState, target.channelAt + 1)
  const { step, counts } = context.retries.afterFailure({
    failure: classified.failure,
    counts: attemptState.counts,
    answerBegan: classified.answerBegan,
    timeAllows: timeLeftMs(context, request) >= ATTEMPT_MS_MIN,
    hasOtherCredential: otherCredential !== undefined,
    hasOtherChannel: otherChannel !== undefined,
  })
  attemptState.counts = counts
  switch (step) {
    case 'give-up':
      return undefined
    case 'retry-here':
      return target
    case 'next-credential':
      return otherCredential
    case 'next-channel':
      return otherChannel
  }
}

function targetIn(
  context: ChatContext,
  attemptState: AttemptState,
  channelAt: number,
): Target | undefined {
  const candidate = attemptState.channels[channelAt]
  if (!candidate) return undefined
  const { credential, isDenied } = choose(context, attemptState, candidate)
  return credential && { candidate, credential, channelAt, isDenied }
}

function choose(
  { uses, gateway }: ChatContext,
  { tried }: Pick<AttemptState, 'tried'>,
  { channel, model }: Candidate,
) {
  return chooseCredential(channel.credentials, {
    model: model.upstreamModel,
    useOf: uses.of,
    isExcluded: (credentialId) => tried?.has(credentialId) === true,
    nowMs: gateway.deps.clock.nowMs(),
    roll: gateway.deps.random.next,
  })
}

/** Retry-After when only an operator can make a credential usable again. */
const NEEDS_OPERATOR_MS = 30_000

/** The error for a model without a usable credential, with the time to retry after. */
export function noCredentialError(context: ChatContext, attemptState: AttemptState): AppError {
  const retryAfterMs = waitForUpstreamMs(context, attemptState) ?? NEEDS_OPERATOR_MS
  return new AppError('overloaded', 'No upstream is free for this model now.', { retryAfterMs })
}

/**
 * Time until a credential may be used again, tried or not: the earliest end of a cooldown or a limit, or of a
 * call on a credential whose slots are all in use. Undefined when neither is known.
 */
export function waitForUpstreamMs(
  context: ChatContext,
  { channels }: AttemptState,
): number | undefined {
  const nowMs = context.gateway.deps.clock.nowMs()
  const anyTried = { tried: undefined }
  const waits = channels.flatMap((candidate) => {
    const { freeAtMs, runningWhenFull } = choose(context, anyTried, candidate)
    return [
      ...(freeAtMs === undefined ? [] : [Math.max(1, freeAtMs - nowMs)]),
      ...(runningWhenFull === 0 ? [] : [context.times.freeInMs(runningWhenFull)]),
    ]
  })
  return waits.length === 0 ? undefined : Math.min(...waits)
}
