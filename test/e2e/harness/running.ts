/** The services that a wiring runs; embedded mode runs them all in one process. */
export type ServiceName = 'edge-api' | 'scheduler' | 'billing' | 'image-runner' | 'imgproxy'

/** One process of a wiring; second replicas exist only if the wiring runs them. */
export type ProcessName = ServiceName | 'edge-api-2' | 'billing-2'

/** A running installation: its HTTP addresses, the CLI, and its processes. */
export interface Running {
  readonly wiring: 'embedded' | 'distributed'
  readonly baseUrl: string
  /** A second gateway with the same state, if the wiring has one. */
  readonly otherBaseUrl: string | undefined
  /** The first API key, whose wallet has the starting credits. */
  readonly apiKey: string
  readonly databaseUrl: string
  /** The folder of its blobs. */
  readonly blobDir: string
  /** The process that runs the service. */
  pidOf(service: ServiceName): number
  /** Runs `pnpm sluice …` on this installation; resolves with its standard output, rejects on failure. */
  sluice(...args: string[]): Promise<string>
  /** As `sluice`, with additional settings. */
  sluiceWith(env: Record<string, string>, ...args: string[]): Promise<string>
  /** SIGKILL to the process that runs the service. */
  kill(service: ProcessName): Promise<void>
  /** SIGTERM to the process that runs the service; it is started again after its drain. */
  restart(service: ProcessName): Promise<void>
  /** Starts a killed or exited service again and waits until it is ready. `env` is for this start only. */
  start(service: ProcessName, env?: Record<string, string>): Promise<void>
  /** Resolves when the service's process has exited (at a crash point). */
  ended(service: ServiceName): Promise<void>
  output(): string
  stop(): Promise<void>
}

export interface WiringOptions {
  /** The upstream of the `openai` channel. */
  upstreamUrl: string
  upstreamKey: string
  /** Also runs the panel where it is a separate service; requires `pnpm build:panel`. */
  panel?: boolean
  /** Runs billing twice. */
  secondBilling?: boolean
  /** Extra settings for every process. */
  env?: Record<string, string>
  /** Servers to use instead of those of the test run, for suites that freeze them or delete their data. */
  servers?: Record<'postgres' | 'redis' | 'nats', { url: string }>
  /** Pins processes to CPUs, for measurements. */
  cpuOf?: (process: string) => number
}

export interface Wiring {
  name: 'embedded' | 'distributed'
  start(options: WiringOptions): Promise<Running>
}
