/** A repeat within this time means the same; later it is a wish for another picture. */
const INTENTION_MS_MAX = 600_000
const CLOCKS_APART_MS_MAX = 60_000

/** A request that was sent, and whose answer nobody has seen. */
export interface Intention {
  /** The Idempotency-Key. */
  key: string
  /** What was asked: equal for equal requests. */
  asked: string
  prompt: string
  sinceMs: number
}

export interface IntentionInput {
  asked: string
  prompt: string
  nowMs: number
  newKey: () => string
}

/**
 * The intention of a press on the button: the one before, when its answer was lost and the same is asked
 * again; else a new one.
 */
export function intend(open: Intention | undefined, input: IntentionInput): Intention {
  const { asked, prompt, nowMs, newKey } = input
  const isSame = open?.asked === asked && nowMs - open.sinceMs < INTENTION_MS_MAX
  return isSame ? open : { key: newKey(), asked, prompt, sinceMs: nowMs }
}

/**
 * True when the list shows what the lost answer would have told: the person sees it, so another press
 * means another one. Clocks may differ by a minute.
 */
export function isSeen(
  { prompt, sinceMs }: Intention,
  tasks: readonly { prompt: string; created_at: string }[],
): boolean {
  return tasks.some(
    (task) => task.prompt === prompt && Date.parse(task.created_at) > sinceMs - CLOCKS_APART_MS_MAX,
  )
}

/**
 * True when a failure says that nothing was made and nothing will be, so that the next press is a new
 * intention. `status` is 0 when there was no answer.
 */
export function isFinal({ status, code }: { status: number; code: string }): boolean {
  if (code === 'request_in_progress' || code === 'unreadable') return false
  return status >= 400 && status < 500 && status !== 408
}

/** What a browser kept; anything else is none. */
export function readIntention(text: string | null): Intention | undefined {
  try {
    const studioStorage: unknown = JSON.parse(text ?? 'null')
    if (typeof studioStorage !== 'object' || studioStorage === null) return undefined
    const blank: Record<keyof Intention, unknown> = { key: '', asked: '', prompt: '', sinceMs: '' }
    const { key, asked, prompt, sinceMs } = { ...blank, ...studioStorage }
    if (typeof key !== 'string' || !/^[\x21-\x7e]{8,64}$/.test(key)) return undefined
    if (typeof asked !== 'string' || typeof prompt !== 'string') return undefined
    return typeof sinceMs === 'number' ? { key, asked, prompt, sinceMs } : undefined
  } catch {
    return undefined
  }
}
