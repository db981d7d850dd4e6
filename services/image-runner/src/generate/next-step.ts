import type { FailureClass, FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'

/** The maximum number of calls for one part, rate limits not counted: each may be charged. */
export const ATTEMPTS_MAX = 3
/** The maximum number of rate-limited calls; each causes a cooldown, so usually the deadline comes first. */
export const RATE_LIMITED_MAX = 20
/**
 * The maximum number of unreadable responses for one part. The same credential would probably get another
 * one, and each may be charged: one retry with another credential, possibly of another upstream.
 */
export const UNREADABLE_MAX = 2

const unreadableReasons: ReadonlySet<FailureReason> = new Set([
  'answer-broken',
  'answer-empty',
  'answer-too-large',
] as const)

/** Whether a call may have produced a picture that its response does not contain. Pure. */
export function isUnreadable({ reason, mayHaveProduced }: UpstreamFailure): boolean {
  return mayHaveProduced && reason !== undefined && unreadableReasons.has(reason)
}

export type NextStep = 'retry-same' | 'retry-other' | 'fail'

/** The next step of each class, while attempts are left. */
const stepOfClass = {
  'retry-here': 'retry-same',
  'retry-elsewhere': 'retry-other',
  'credential-limited': 'retry-other',
  'credential-bad': 'retry-other',
  'caller-bad': 'fail',
  fatal: 'fail',
} as const satisfies Record<FailureClass, NextStep>

/**
 * Decides what to do after a failed call. `attempts` and `limited` count the calls so far, including this one;
 * `attemptsHere` the consecutive ones with this credential; `unreadable` the unreadable responses. Pure.
 */
export function nextStep({
  failureClass,
  attempts,
  limited,
  attemptsHere,
  unreadable,
}: {
  failureClass: FailureClass
  attempts: number
  limited: number
  attemptsHere: number
  unreadable: number
}): NextStep {
  const step = stepOfClass[failureClass]
  if (step === 'fail') return 'fail'
  if (failureClass === 'credential-limited') {
    return limited < RATE_LIMITED_MAX ? 'retry-other' : 'fail'
  }
  if (attempts >= ATTEMPTS_MAX || unreadable >= UNREADABLE_MAX) return 'fail'
  return step === 'retry-same' && attemptsHere > 1 ? 'retry-other' : step
}
