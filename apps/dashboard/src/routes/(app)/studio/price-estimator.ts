import type { Clock } from '@sluice/kernel/clock'

/** Time to settle: a person who clicks through the ratios asks once. */
const SETTLE_MS = 200

export interface PriceQuestion {
  model: string
  n: number
  size: string
  quality: string
}

export interface Price {
  amount_micro: string
  affordable: boolean
}

/** `asked` carries the price of the question before, so that the figure does not blink. */
export type PriceState =
  | { name: 'unasked' }
  | { name: 'asked'; before: Price | undefined }
  | { name: 'told'; price: Price }
  | { name: 'failed'; error: unknown }

export interface PriceEstimatorDeps {
  clock: Clock
  estimate: (question: PriceQuestion, signal: AbortSignal) => Promise<Price>
  onState: (state: PriceState) => void
}

/**
 * Tells what a request would cost at most. Only the newest question is answered, whatever order the
 * answers arrive in.
 */
export function createPriceEstimator({ clock, estimate, onState }: PriceEstimatorDeps) {
  let before: Price | undefined
  let stopped: (() => void) | undefined

  const stop = () => {
    stopped?.()
    stopped = undefined
  }

  const ask = (question: PriceQuestion) => {
    stop()
    const leaving = new AbortController()
    const cancel = clock.after(SETTLE_MS, () => void answer(question, leaving.signal))
    stopped = () => {
      cancel()
      leaving.abort()
    }
    onState({ name: 'asked', before })
  }

  const answer = async (question: PriceQuestion, signal: AbortSignal) => {
    try {
      const price = await estimate(question, signal)
      if (signal.aborted) return
      before = price
      onState({ name: 'told', price })
    } catch (error) {
      if (!signal.aborted) onState({ name: 'failed', error })
    }
  }

  return { ask, stop }
}
