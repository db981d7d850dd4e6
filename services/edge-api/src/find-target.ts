import type { CatalogCredential } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

import type { ChatContext, ChatRequest } from './chat-context.ts'
import { timeLeftMs } from './chat-context.ts'
import type { Candidate } from './choose/catalog.ts'
import { chooseCredential } from './choose/choose-credential.ts'
import type { Judged } from './dispatch/judge-end.ts'
import { nextStep } from './dispatch/next-step.ts'

/** With less time left than this, another attempt would only be late as well. */
const ATTEMPT_MS_MIN = 1_000

/** One way to answer: a channel, and the credential by which we enter it. */
export interface Target {
  candidate: Candidate
  credential: CatalogCredential
  channelAt: number
  /** The upstream has denied it such calls a while ago. */
  isDenied: boolean
}

/** Where this request has been. */
export interface AttemptState {
  channels: readonly Candidate[]
  /** Credentials; made by the first failure. */
  tried: Set<string> | undefined
  attempts: number
  attemptsHere: number
}

/**
 * The first channel, from `from` on, that has a credential which may be used now; one whose credentials were
 * all denied such calls only when no other channel is left.
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

/** Where to go after an attempt that failed; undefined when nowhere. */
export function nextTarget(
  context: ChatContext,
  turn: ChatRequest,
  { attemptState, judged, target }: { attemptState: AttemptState; judged: Judged; target: Target },
): Target | undefined {
  const otherCredential = targetIn(context, attemptState, target.channelAt)
  const otherChannel = firstTarget(context, attemptState, target.channelAt + 1)
  const step = nextStep({
    failureClass: judged.failure.failureClass,
    answerBegan: judged.answerBegan,
    attempts: attemptState.attempts,
    attemptsHere: attemptState.attemptsHere,
    hasOtherCredential: otherCredential !== undefined,
    hasOtherChannel: otherChannel !== undefined,
    budgetAllows: context.budget.allows(),
    timeAllows: timeLeftMs(context, turn) >= ATTEMPT_MS_MIN,
  })
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

/** Until a person looks at what needs them: no rest ends, and no call that runs makes room. */
const NEEDS_OPERATOR_MS = 30_000

/** No credential may be used now: says when one may be. */
export function noneFree(context: ChatContext, attemptState: AttemptState): AppError {
  const retryAfterMs = waitForUpstreamMs(context, attemptState) ?? NEEDS_OPERATOR_MS
  return new AppError('overloaded', 'No upstream is free for this model now.', { retryAfterMs })
}

/**
 * How long it takes until a credential may be used again, tried or not: the earliest end of a rest or a limit,
 * or of a call where all places are taken. Undefined when neither is known.
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
