import type { Clock } from '@sluice/kernel/clock'

const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000

export type LiveState = 'connecting' | 'open' | 'waiting' | 'ended'

/** As much of EventSource as is used; tests bring their own. */
export interface EventStream {
  readonly readyState: number
  addEventListener(name: string, hear: (event: Event) => void): void
  close(): void
}

export interface LiveDeps {
  open: (url: string) => EventStream
  clock: Clock
}

export interface LiveSpec<Events> {
  url: string
  /** Called with what each event carries, parsed. */
  on: { readonly [Name in keyof Events]?: (event: Events[Name]) => void }
  /** The stream is over when this event came; without it, it is over when `stop` is called. */
  endsWith?: keyof Events & string
  onState?: (state: LiveState) => void
  /** The gateway refused the stream (signed out, gone); called before each new attempt, and may `stop`. */
  onRefused?: () => void
}

/** A stream of events that reconnects by itself with growing pauses, until its last event or `stop`. */
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

  /** Ends it for good; repeated calls do nothing. */
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
      stream.addEventListener(name, (event) => this.#heard(name, textOf(event)))
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

  #heard(name: keyof Events & string, text: string): void {
    if (this.#state === 'ended') return
    this.#spec.on[name]?.(parsed<Events[typeof name]>(text))
    if (name === this.#spec.endsWith) this.stop()
  }

  /** EventSource tries again by itself after a cut line, and gives up after a refusal: then we do. */
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
