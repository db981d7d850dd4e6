import type { FailureClass, FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'

import type { AttemptLimits } from './attempt-limits.ts'

/** What to do after a failed attempt. */
export type Step = 'give-up' | 'retry-here' | 'next-credential' | 'next-channel'

/** The failed attempts of one request or picture. */
export interface AttemptCounts {
  /** Without rate limits where `rateLimitedMax` limits those. */
  attempts: number
  /** Rate-limited attempts. */
  rateLimited: number
  /** Consecutive attempts with the current credential. */
  attemptsHere: number
  /** Attempts whose response was unreadable. */
  unreadable: number
}

export const noAttempts: AttemptCounts = {
  attempts: 0,
  rateLimited: 0,
  attemptsHere: 0,
  unreadable: 0,
}

/** What the caller of the upstream knows besides the counts. */
export interface AttemptFacts {
  /** Part of a response was relayed, which no other response can continue. */
  answerBegan: boolean
  /** There is time for another attempt. */
  timeAllows: boolean
  hasOtherCredential: boolean
  hasOtherChannel: boolean
}

export interface FailedAttempt extends AttemptFacts {
  failureClass: FailureClass
  /** This attempt included. */
  counts: AttemptCounts
  budgetAllows: boolean
}

/** Targets of the next attempt by failure class, in order of preference. */
const targets = {
  'retry-here': ['here', 'channel', 'credential'],
  'retry-elsewhere': ['channel', 'credential'],
  'credential-limited': ['credential', 'channel'],
  'credential-bad': ['credential', 'channel'],
  // A caller's mistake fails on every target.
  'caller-bad': [],
  fatal: [],
} as const satisfies Record<FailureClass, readonly ('here' | 'credential' | 'channel')[]>

/** Decides the next step. Pure. */
export function nextStep(limits: AttemptLimits, failed: FailedAttempt): Step {
  const { counts, failureClass } = failed
  if (failed.answerBegan || !failed.timeAllows) return 'give-up'
  if (isExhausted(limits, failed)) return 'give-up'
  if (needsBudget(counts) && !failed.budgetAllows) return 'give-up'
  for (const target of targets[failureClass]) {
    if (target === 'here' && counts.attemptsHere < 2) return 'retry-here'
    if (target === 'credential' && failed.hasOtherCredential) return 'next-credential'
    if (target === 'channel' && failed.hasOtherChannel) return 'next-channel'
  }
  return 'give-up'
}

function isExhausted(limits: AttemptLimits, { counts, failureClass }: FailedAttempt): boolean {
  const { attemptsMax, rateLimitedMax, unreadableMax } = limits
  if (failureClass === 'credential-limited' && rateLimitedMax !== undefined) {
    return counts.rateLimited >= rateLimitedMax
  }
  if (unreadableMax !== undefined && counts.unreadable >= unreadableMax) return true
  return counts.attempts >= attemptsMax
}

/** Whether the next attempt uses the retry budget; the first failover does not. Pure. */
export function needsBudget({ attempts }: AttemptCounts): boolean {
  return attempts > 1
}

/** The counts with one more failed attempt. Pure. */
export function countFailure(
  { rateLimitedMax }: AttemptLimits,
  { counts, failure }: { counts: AttemptCounts; failure: UpstreamFailure },
): AttemptCounts {
  const isLimited = failure.failureClass === 'credential-limited'
  return {
    attempts: counts.attempts + (isLimited && rateLimitedMax !== undefined ? 0 : 1),
    rateLimited: counts.rateLimited + (isLimited ? 1 : 0),
    attemptsHere: counts.attemptsHere + 1,
    unreadable: counts.unreadable + (isUnreadable(failure) ? 1 : 0),
  }
}

const unreadableReasons: ReadonlySet<FailureReason> = new Set([
  'answer-broken',
  'answer-empty',
  'answer-too-large',
] as const)

/** Whether a call may have produced an answer that its response does not contain. Pure. */
export function isUnreadable({ reason, mayHaveProduced }: UpstreamFailure): boolean {
  return mayHaveProduced && reason !== undefined && unreadableReasons.has(reason)
}
