import type { Clock } from '@sluice/kernel/clock'

/** Debounce: quick changes of settings result in one request. */
const DEBOUNCE_MS = 200

export interface PriceQuery {
  model: string
  n: number
  size: string
  quality: string
}

export interface Price {
  amount_micro: string
  affordable: boolean
}

/** `loading` has the previous price, so that the figure does not flicker. */
export type PriceState =
  | { name: 'idle' }
  | { name: 'loading'; before: Price | undefined }
  | { name: 'loaded'; price: Price }
  | { name: 'failed'; error: unknown }

export interface PriceEstimatorDeps {
  clock: Clock
  estimate: (query: PriceQuery, signal: AbortSignal) => Promise<Price>
  onState: (state: PriceState) => void
}

/**
 * Estimates the maximum cost of a request. Only the response of the latest query is used, in any order of
 * arrival.
 */
export function createPriceEstimator({ clock, estimate, onState }: PriceEstimatorDeps) {
  let before: Price | undefined
  let cancelCurrent: (() => void) | undefined

  const stop = () => {
    cancelCurrent?.()
    cancelCurrent = undefined
  }

  const request = (query: PriceQuery) => {
    stop()
    const abort = new AbortController()
    const cancel = clock.after(DEBOUNCE_MS, () => void load(query, abort.signal))
    cancelCurrent = () => {
      cancel()
      abort.abort()
    }
    onState({ name: 'loading', before })
  }

  const load = async (query: PriceQuery, signal: AbortSignal) => {
    try {
      const price = await estimate(query, signal)
      if (signal.aborted) return
      before = price
      onState({ name: 'loaded', price })
    } catch (error) {
      if (!signal.aborted) onState({ name: 'failed', error })
    }
  }

  return { request, stop }
}
