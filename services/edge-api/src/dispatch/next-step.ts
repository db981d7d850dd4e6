import type { FailureClass } from '@sluice/upstreams/upstream'

/** What to do after an attempt that failed. */
export type Step = 'give-up' | 'retry-here' | 'next-credential' | 'next-channel'

/** Attempts of one request, whatever happens. */
export const ATTEMPTS_MAX = 3

export interface Failed {
  failureClass: FailureClass
  /** A part of an answer was passed on, which no other answer can continue. */
  answerBegan: boolean
  /** Attempts so far, this one included. */
  attempts: number
  /** Attempts on this credential, this one included. */
  attemptsHere: number
  hasOtherCredential: boolean
  hasOtherChannel: boolean
  /** The house's budget of retries has room; the first failover of a request needs none. */
  budgetAllows: boolean
  /** There is time for another attempt. */
  timeAllows: boolean
}

/** Where to go from each failure class, the best place first. */
const places = {
  'retry-here': ['here', 'channel', 'credential'],
  'retry-elsewhere': ['channel', 'credential'],
  'credential-limited': ['credential', 'channel'],
  'credential-bad': ['credential', 'channel'],
  // The caller's own mistake is the same everywhere.
  'caller-bad': [],
  fatal: [],
} as const satisfies Record<FailureClass, readonly ('here' | 'credential' | 'channel')[]>

/** Pure: the same facts, the same step. */
export function nextStep(failed: Failed): Step {
  if (failed.answerBegan || !failed.timeAllows) return 'give-up'
  if (failed.attempts >= ATTEMPTS_MAX) return 'give-up'
  if (failed.attempts > 1 && !failed.budgetAllows) return 'give-up'
  for (const place of places[failed.failureClass]) {
    if (place === 'here' && failed.attemptsHere < 2) return 'retry-here'
    if (place === 'credential' && failed.hasOtherCredential) return 'next-credential'
    if (place === 'channel' && failed.hasOtherChannel) return 'next-channel'
  }
  return 'give-up'
}
