/** The limits on the attempts of one kind of call. */
export interface AttemptLimits {
  /** The maximum number of attempts for one request or picture. */
  attemptsMax: number
  /** The maximum number of rate-limited attempts, which are then no `attempts`; undefined: they are. */
  rateLimitedMax: number | undefined
  /** The maximum number of unreadable responses; undefined: only `attemptsMax` limits them. */
  unreadableMax: number | undefined
  budget: BudgetLimits
}

export interface BudgetLimits {
  /** The maximum number of saved retries: the largest burst while an upstream fails. */
  savedMax: number
  savedAtStart: number
}

export const chatLimits = {
  // Enough for a failing credential and a failing channel; the caller is waiting.
  attemptsMax: 3,
  // Waiting for the end of a cooldown takes too long: the caller gets its time as Retry-After.
  rateLimitedMax: undefined,
  // No separate limit: compared with a picture, such a response costs little.
  unreadableMax: undefined,
  // Many requests run at once, and all of them fail over until a failing credential has its cooldown. Half
  // of it at the start, so that edges restarted during a failure do not all send the largest burst.
  budget: { savedMax: 50, savedAtStart: 25 },
} as const satisfies AttemptLimits

export const imageLimits = {
  // Each may be charged.
  attemptsMax: 3,
  // A job waits for the end of a cooldown, so usually its deadline comes first.
  rateLimitedMax: 20,
  // The same credential would probably get another one, and each may be charged: one retry with another
  // credential, possibly of another upstream.
  unreadableMax: 2,
  // Few parts run at once, and each retry may be charged. So small a burst is allowed from the start.
  budget: { savedMax: 10, savedAtStart: 10 },
} as const satisfies AttemptLimits
