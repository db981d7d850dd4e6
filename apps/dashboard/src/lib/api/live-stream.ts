import type { Clock } from '@sluice/kernel/clock'

const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000

export type LiveState = 'connecting' | 'open' | 'waiting' | 'ended'

/** The used part of EventSource; tests provide their own. */
export interface EventStream {
  readonly readyState: number
  addEventListener(name: string, listener: (event: Event) => void): void
  close(): void
}

export interface LiveDeps {
  open: (url: string) => EventStream
  clock: Clock
}

export interface LiveSpec<Events> {
  url: string
  /** Called with the parsed data of each event. */
  on: { readonly [Name in keyof Events]?: (event: Events[Name]) => void }
  /** The stream ends with this event; without it, the stream ends when `stop` is called. */
  endsWith?: keyof Events & string
  onState?: (state: LiveState) => void
  /** The gateway refused the stream (signed out, not found); called before each retry, and may call `stop`. */
  onRefused?: () => void
}

/** An event stream that reconnects with growing delays until its last event or `stop`. */
export class LiveStream<Events extends object> {
  #state: LiveState = 'connecting'
  readonly #deps: LiveDeps
  readonly #spec: LiveSpec<Events>
  #stream: EventStream | undefined
  #cancelRetry: (() => void) | undefined
  #retryMs = RETRY_MS_MIN

  constructor(spec: LiveSpec<Events>, deps: LiveDeps) {
    this.#spec = spec
    this.#deps = deps
    this.#connect()
  }

  /** Ends the stream; repeated calls do nothing. */
  readonly stop = (): void => {
    this.#enter('ended')
    this.#cancelRetry?.()
    this.#stream?.close()
    this.#stream = undefined
  }

  #enter(state: LiveState): void {
    if (this.#state === state) return
    this.#state = state
    this.#spec.onState?.(state)
  }

  #connect(): void {
    const stream = this.#deps.open(this.#spec.url)
    this.#stream = stream
    stream.addEventListener('open', () => {
      this.#enter('open')
      this.#retryMs = RETRY_MS_MIN
    })
    stream.addEventListener('error', () => this.#failed(stream))
    for (const name of this.#names()) {
      stream.addEventListener(name, (event) => this.#receive(name, textOf(event)))
    }
  }

  #names(): (keyof Events & string)[] {
    const { on, endsWith } = this.#spec
    const names = new Set(
      Object.keys(on).filter((name): name is keyof Events & string => name in on),
    )
    if (endsWith !== undefined) names.add(endsWith)
    return [...names]
  }

  #receive(name: keyof Events & string, text: string): void {
    if (this.#state === 'ended') return
    this.#spec.on[name]?.(parsed<Events[typeof name]>(text))
    if (name === this.#spec.endsWith) this.stop()
  }

  /** EventSource reconnects after a lost connection but not after a refusal; the latter is retried here. */
  #failed(stream: EventStream): void {
    if (this.#state === 'ended' || stream !== this.#stream) return
    this.#enter('waiting')
    if (stream.readyState !== CLOSED) return
    stream.close()
    this.#cancelRetry = this.#deps.clock.after(this.#retryMs, () => {
      this.#spec.onRefused?.()
      if (this.#state !== 'ended') this.#connect()
    })
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2)
  }
}

const CLOSED = 2

const textOf = (event: Event) => ('data' in event ? String(event.data) : 'null')

// The gateway encodes each event by the schema that types it here.
const parsed = <Carried>(text: string) => JSON.parse(text) as Carried
