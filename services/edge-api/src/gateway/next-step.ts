import type { FailureClass } from '@sluice/upstreams/upstream'

/** What to do after a failed attempt. */
export type Step = 'give-up' | 'retry-here' | 'next-credential' | 'next-channel'

/** Maximum attempts of one request. */
export const ATTEMPTS_MAX = 3

export interface Failed {
  failureClass: FailureClass
  /** Part of a response was relayed, which no other response can continue. */
  answerBegan: boolean
  /** Attempts so far, this one included. */
  attempts: number
  /** Attempts on this credential, this one included. */
  attemptsHere: number
  hasOtherCredential: boolean
  hasOtherChannel: boolean
  /** The process-wide retry budget allows a retry; the first failover of a request needs none. */
  budgetAllows: boolean
  /** There is time for another attempt. */
  timeAllows: boolean
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
export function nextStep(failed: Failed): Step {
  if (failed.answerBegan || !failed.timeAllows) return 'give-up'
  if (failed.attempts >= ATTEMPTS_MAX) return 'give-up'
  if (failed.attempts > 1 && !failed.budgetAllows) return 'give-up'
  for (const target of targets[failed.failureClass]) {
    if (target === 'here' && failed.attemptsHere < 2) return 'retry-here'
    if (target === 'credential' && failed.hasOtherCredential) return 'next-credential'
    if (target === 'channel' && failed.hasOtherChannel) return 'next-channel'
  }
  return 'give-up'
}
