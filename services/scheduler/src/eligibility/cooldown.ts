const COOL_MS_BASE = 5_000
const COOL_MS_MAX = 600_000
/** An upstream may name a far day, or a wrong one: after this long we ask it again. */
const STATED_MS_MAX = 86_400_000

/** A rest whose end is known; `times` counts limits in a row, for upstreams that name no end. */
export interface Cooldown {
  untilMs: number
  times: number
}

/**
 * The rest that a limit asks for: until `retryAtMs`, or else twice as long as the last time. Calls that
 * ran side by side meet the same limit, so while resting only a later stated end counts.
 */
export function coolDown(
  cooldown: Cooldown | null,
  { atMs, retryAtMs }: { atMs: number; retryAtMs: number | null },
): Cooldown {
  const stated = retryAtMs !== null && retryAtMs > atMs ? retryAtMs : null
  const resting = cooldown !== null && atMs < cooldown.untilMs
  if (resting && stated === null) return cooldown
  const untilMs =
    stated === null
      ? atMs + Math.min(COOL_MS_MAX, COOL_MS_BASE * 2 ** Math.min(cooldown?.times ?? 0, 30))
      : Math.min(stated, atMs + STATED_MS_MAX)
  if (!resting) return { untilMs, times: (cooldown?.times ?? 0) + 1 }
  return untilMs > cooldown.untilMs ? { ...cooldown, untilMs } : cooldown
}

/** A success after the rest ends the row; one during it comes from a call that began before. */
export function endCooldown(cooldown: Cooldown | null, { atMs }: { atMs: number }) {
  return cooldown !== null && atMs >= cooldown.untilMs ? null : cooldown
}
