import { AppError } from '@sluice/kernel/app-error'

const RETRY_AFTER_MS = 2_000

export interface ByteBudgetLimits {
  bytesMax: number
  /** Of one API key or user. */
  callerBytesMax: number
  /** What is bounded, as named in refusals: `request bodies`. */
  what: string
}

/** The bytes that one request holds. */
export interface ByteHold {
  /** Holds more. Throws `rate_limit_exceeded` above the caller's share, `overloaded` above the total. */
  add(bytes: number): void
  /** Releases all of it; idempotent. */
  release(): void
}

/** Limits the bytes that requests hold at once, in total and for each caller. */
export interface ByteBudget {
  hold(caller: string): ByteHold
  usedBytes(): number
}

export function createByteBudget({ bytesMax, callerBytesMax, what }: ByteBudgetLimits): ByteBudget {
  const callers = new Map<string, number>()
  let used = 0
  const change = (caller: string, bytes: number) => {
    used += bytes
    const own = (callers.get(caller) ?? 0) + bytes
    if (own > 0) callers.set(caller, own)
    else callers.delete(caller)
  }
  return {
    usedBytes: () => used,
    hold(caller) {
      let held = 0
      let released = false
      return {
        add(bytes) {
          if (released) return
          if ((callers.get(caller) ?? 0) + bytes > callerBytesMax) {
            const message = `You have more than ${callerBytesMax} bytes of ${what} here. Wait for some requests to end.`
            throw new AppError('rate_limit_exceeded', message, { retryAfterMs: RETRY_AFTER_MS })
          }
          if (used + bytes > bytesMax) {
            const message = `This server holds as many bytes of ${what} as it may.`
            throw new AppError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS })
          }
          held += bytes
          change(caller, bytes)
        },
        release() {
          if (!released) change(caller, -held)
          released = true
        },
      }
    },
  }
}
