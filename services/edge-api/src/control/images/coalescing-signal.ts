/** Tells one listener that there is something to look at; how often it rang does not matter. */
export interface CoalescingSignal {
  ring(): void
  /** Resolves at the next ring, or at once when it rang since the last time. Rejects with the signal's reason. */
  heard(): Promise<void>
}

export function createCoalescingSignal(signal: AbortSignal): CoalescingSignal {
  let rang = false
  let wake: (() => void) | undefined
  const ring = () => {
    rang = true
    wake?.()
  }
  signal.addEventListener('abort', ring, { once: true })
  return {
    ring,
    async heard() {
      if (!rang) await new Promise<void>((resolve) => (wake = resolve))
      signal.throwIfAborted()
      rang = false
    },
  }
}
