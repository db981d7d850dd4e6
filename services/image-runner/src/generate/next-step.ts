import type { FailureClass, FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'

/** Calls for one part in one run, limits not counted: each may be on the upstream's bill. */
export const TRIES_MAX = 3
/** Calls that were refused for being too many; each was answered by a rest, so time bounds them first. */
export const LIMITED_TRIES_MAX = 20
/**
 * Answers that could not be read, for one part in one run. The credential that sent one would send it
 * again, and each may be paid for: one other credential, which may belong to another upstream, is asked.
 */
export const UNREADABLE_MAX = 2

const unreadableReasons: ReadonlySet<FailureReason> = new Set([
  'answer-broken',
  'answer-empty',
  'answer-too-large',
] as const)

/** Whether a call may have produced a picture that its answer does not give. Pure. */
export function isUnreadable({ reason, mayHaveProduced }: UpstreamFailure): boolean {
  return mayHaveProduced && reason !== undefined && unreadableReasons.has(reason)
}

export type NextStep = 'again-here' | 'elsewhere' | 'fail'

/** What each class asks for, as long as tries are left. Pure. */
const requests = {
  'retry-here': 'again-here',
  'retry-elsewhere': 'elsewhere',
  'credential-limited': 'elsewhere',
  'credential-bad': 'elsewhere',
  'caller-bad': 'fail',
  fatal: 'fail',
} as const satisfies Record<FailureClass, NextStep>

/**
 * What to do after a failed call. `tries` and `limited` count the calls so far, this one included;
 * `triesHere` those with this credential in a row; `unreadable` the answers that could not be read.
 */
export function nextStep({
  failureClass,
  tries,
  limited,
  triesHere,
  unreadable,
}: {
  failureClass: FailureClass
  tries: number
  limited: number
  triesHere: number
  unreadable: number
}): NextStep {
  const request = requests[failureClass]
  if (request === 'fail') return 'fail'
  if (failureClass === 'credential-limited') {
    return limited < LIMITED_TRIES_MAX ? 'elsewhere' : 'fail'
  }
  if (tries >= TRIES_MAX || unreadable >= UNREADABLE_MAX) return 'fail'
  return request === 'again-here' && triesHere > 1 ? 'elsewhere' : request
}
