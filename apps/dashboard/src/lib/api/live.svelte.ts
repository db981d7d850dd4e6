import type { WireEventsOf } from '@sluice/contracts/control/operation-types'
import type { ControlOperation } from '@sluice/contracts/control/routes'
import { systemClock } from '@sluice/kernel/clock'

import { LiveStream } from './live-stream.ts'
import type { LiveSpec, LiveState } from './live-stream.ts'

const deps = { open: (url: string) => new EventSource(url), clock: systemClock }

/** A live stream of one operation with a reactive state. */
export class Live<Events extends object> {
  #state = $state<LiveState>('connecting')
  readonly #stream: LiveStream<Events>

  constructor(spec: Omit<LiveSpec<Events>, 'onState'>) {
    const onState = (state: LiveState) => void (this.#state = state)
    this.#stream = new LiveStream<Events>({ ...spec, onState }, deps)
  }

  get state(): LiveState {
    return this.#state
  }

  /** Ends the stream; repeated calls do nothing. */
  readonly stop = (): void => this.#stream.stop()
}

/**
 * Follows an operation that returns events. Browser only: create it in an effect and return its `stop`.
 * `live<'followImage'>({ url: apiPath('followImage', …), on: { task: (task) => … }, endsWith: 'end' })`
 */
export function live<Op extends ControlOperation>(
  spec: Omit<LiveSpec<WireEventsOf<Op>>, 'onState'>,
): Live<WireEventsOf<Op>> {
  return new Live(spec)
}
