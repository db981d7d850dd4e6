/** Wakes one waiting reader; notifications that arrive before the next wait are merged into one. */
export interface CoalescingSignal {
  notify(): void
  /** Resolves at the next notification, or at once if one is pending. Rejects with the signal's reason. */
  wait(): Promise<void>
}

export function createCoalescingSignal(signal: AbortSignal): CoalescingSignal {
  let pending = false
  let wake: (() => void) | undefined
  const notify = () => {
    pending = true
    wake?.()
  }
  signal.addEventListener('abort', notify, { once: true })
  return {
    notify,
    async wait() {
      if (!pending) await new Promise<void>((resolve) => (wake = resolve))
      signal.throwIfAborted()
      pending = false
    },
  }
}
