/** The services that a wiring runs; embedded mode runs them all in one process. */
export type ServiceName = 'edge-api' | 'scheduler' | 'billing' | 'image-runner' | 'imgproxy'

/** One process of a wiring: the second ones are there where a wiring runs them. */
export type ProcessName = ServiceName | 'edge-api-2' | 'billing-2'

/** A whole Sluice, started by a wiring, as a scenario sees it: HTTP, the CLI, and processes to hurt. */
export interface Running {
  readonly wiring: 'embedded' | 'distributed'
  readonly baseUrl: string
  /** A second front door over the same state, where the wiring can have one. */
  readonly otherBaseUrl: string | undefined
  /** The first API key, whose wallet has the starting credits. */
  readonly apiKey: string
  readonly databaseUrl: string
  /** Where its blobs lie, as files. */
  readonly blobDir: string
  /** The process that runs the service. */
  pidOf(service: ServiceName): number
  /** Runs `pnpm sluice …` against this installation; resolves with what it printed, rejects on failure. */
  sluice(...args: string[]): Promise<string>
  /** The same with other settings than those that the installation was started with. */
  sluiceWith(env: Record<string, string>, ...args: string[]): Promise<string>
  /** SIGKILL to the process that runs the service. */
  kill(service: ProcessName): Promise<void>
  /** SIGTERM to the process that runs it; when it has drained it is started again. */
  restart(service: ProcessName): Promise<void>
  /** Starts a killed or ended service again and waits until it is ready. `env` is for this start only. */
  start(service: ProcessName, env?: Record<string, string>): Promise<void>
  /** Resolves when the service's process has ended by itself (a crash point). */
  ended(service: ServiceName): Promise<void>
  output(): string
  stop(): Promise<void>
}

export interface WiringOptions {
  /** Where the `openai` channel of the installation points. */
  upstreamUrl: string
  upstreamKey: string
  /** Runs the panel as well, where it is a service of its own; `pnpm build:panel` comes first. */
  panel?: boolean
  /** Runs billing twice. */
  secondBilling?: boolean
  /** Extra settings for every process. */
  env?: Record<string, string>
  /** Servers to use instead of those of the test run, for suites that freeze or empty them. */
  servers?: Record<'postgres' | 'redis' | 'nats', { url: string }>
  /** Binds processes to CPUs, for measurements. */
  cpuOf?: (process: string) => number
}

export interface Wiring {
  name: 'embedded' | 'distributed'
  start(options: WiringOptions): Promise<Running>
}
