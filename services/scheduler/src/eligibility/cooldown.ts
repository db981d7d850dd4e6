const COOL_MS_BASE = 5_000
const COOL_MS_MAX = 600_000
/** The maximum of a stated end, which may be wrong: after this the upstream is called again. */
const STATED_MS_MAX = 86_400_000

/** A time without calls; `times` counts consecutive limits, for the backoff without a stated end. */
export interface Cooldown {
  untilMs: number
  times: number
}

/**
 * The cooldown after a limit: until `retryAtMs`, or else twice as long as the last one. Concurrent calls receive
 * the same limit, so during a cooldown only a later stated end changes it.
 */
export function coolDown(
  cooldown: Cooldown | null,
  { atMs, retryAtMs }: { atMs: number; retryAtMs: number | null },
): Cooldown {
  const stated = retryAtMs !== null && retryAtMs > atMs ? retryAtMs : null
  const cooling = cooldown !== null && atMs < cooldown.untilMs
  if (cooling && stated === null) return cooldown
  const untilMs =
    stated === null
      ? atMs + Math.min(COOL_MS_MAX, COOL_MS_BASE * 2 ** Math.min(cooldown?.times ?? 0, 30))
      : Math.min(stated, atMs + STATED_MS_MAX)
  if (!cooling) return { untilMs, times: (cooldown?.times ?? 0) + 1 }
  return untilMs > cooldown.untilMs ? { ...cooldown, untilMs } : cooldown
}

/** A success after the cooldown resets it; one during the cooldown is of a call that began before. */
export function endCooldown(cooldown: Cooldown | null, { atMs }: { atMs: number }) {
  return cooldown !== null && atMs >= cooldown.untilMs ? null : cooldown
}
