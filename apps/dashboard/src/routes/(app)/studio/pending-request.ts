/** The same request within this time is a retry; later it is a new request. */
const RETRY_MS_MAX = 600_000
const CLOCKS_APART_MS_MAX = 60_000

/** A request that was sent and has no response yet. */
export interface PendingRequest {
  /** The Idempotency-Key. */
  key: string
  /** Equal for equal requests. */
  fingerprint: string
  prompt: string
  sinceMs: number
}

export interface PendingRequestInput {
  fingerprint: string
  prompt: string
  nowMs: number
  newKey: () => string
}

/**
 * The pending request for a press on the button: the previous one if it is a retry of the same request;
 * otherwise a new one.
 */
export function pendingRequestFor(
  open: PendingRequest | undefined,
  input: PendingRequestInput,
): PendingRequest {
  const { fingerprint, prompt, nowMs, newKey } = input
  const isSame = open?.fingerprint === fingerprint && nowMs - open.sinceMs < RETRY_MS_MAX
  return isSame ? open : { key: newKey(), fingerprint, prompt, sinceMs: nowMs }
}

/**
 * True when the list has the task of the request, so that another press is a new request. Clocks may differ by
 * a minute.
 */
export function isListed(
  { prompt, sinceMs }: PendingRequest,
  tasks: readonly { prompt: string; created_at: string }[],
): boolean {
  return tasks.some(
    (task) => task.prompt === prompt && Date.parse(task.created_at) > sinceMs - CLOCKS_APART_MS_MAX,
  )
}

/**
 * True when a failure means that no task was or will be created, so that the next press is a new request.
 * `status` is 0 without a response.
 */
export function isFinal({ status, code }: { status: number; code: string }): boolean {
  if (code === 'request_in_progress' || code === 'unreadable') return false
  return status >= 400 && status < 500 && status !== 408
}

/** Parses the stored value; undefined if it is invalid. */
export function readPendingRequest(text: string | null): PendingRequest | undefined {
  try {
    const stored: unknown = JSON.parse(text ?? 'null')
    if (typeof stored !== 'object' || stored === null) return undefined
    const blank: Record<keyof PendingRequest, unknown> = {
      key: '',
      fingerprint: '',
      prompt: '',
      sinceMs: '',
    }
    const { key, fingerprint, prompt, sinceMs } = { ...blank, ...stored }
    if (typeof key !== 'string' || !/^[\x21-\x7e]{8,64}$/.test(key)) return undefined
    if (typeof fingerprint !== 'string' || typeof prompt !== 'string') return undefined
    return typeof sinceMs === 'number' ? { key, fingerprint, prompt, sinceMs } : undefined
  } catch {
    return undefined
  }
}
