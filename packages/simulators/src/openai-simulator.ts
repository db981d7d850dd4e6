import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { systemClock } from '@sluice/kernel/clock'

import type { FaultInput } from './openai/fault.ts'
import { createScript, fault } from './openai/fault.ts'
import type { RestrictedKeys } from './openai/serve-call.ts'
import { createServe } from './openai/serve-call.ts'
import type { LogEntry } from './openai/request-log.ts'
import { createRequestLog } from './openai/request-log.ts'
import type { SimulatedModel, SimulatorContext } from './openai/simulator-context.ts'
import { simulatedModels } from './openai/simulator-context.ts'

export interface OpenAiSimulatorOptions {
  /** 0 selects a free port. */
  port?: number
  /** Accepted bearer keys; others get 401. */
  keys?: readonly string[]
  /** Additional keys with the routes that they may not use: 401 `missing_scope`. */
  restricted?: RestrictedKeys
  /** A file for one JSON line per event of each request. */
  log?: string
  models?: readonly SimulatedModel[]
  /** Minimum latency of chat and image requests. */
  latencyMs?: number
  /** Pause between two events of a stream. */
  streamGapMs?: number
  /** Words of a chat response when the request sets no limit. */
  answerWords?: number
}

export interface OpenAiSimulator {
  /** Without a path; the API's base URL is `${url}/v1`. */
  url: string
  /** The first accepted key. */
  key: string
  /** Adds faults to the script, or replaces it. */
  script(faults: FaultInput | readonly FaultInput[], options?: { reset?: boolean }): void
  /** The requests so far, oldest first. */
  log(): readonly LogEntry[]
  /** Number of open sockets. */
  connections(): Promise<number>
  /** Ends all connections. */
  close(): Promise<void>
}

export const simulatorKey = 'simulator-key'

/** Starts an HTTP server on the loopback address that imitates the OpenAI API. */
export async function startOpenAiSimulator(
  options: OpenAiSimulatorOptions = {},
): Promise<OpenAiSimulator> {
  const { port = 0, keys = [simulatorKey], restricted = {}, log: path } = options
  const log = createRequestLog({ path })
  const script = createScript()
  const context = createContext(options, () => url)
  const { latencyMs = 0, streamGapMs = 0 } = options
  const pace = { latencyMs, streamGapMs }
  const serve = createServe({ pace, keys, restricted, log, script, context })
  // serve() never rejects: it handles every failure itself.
  const server = createServer((request, response) => void serve(request, response))
  const url = await listen(server, port)
  return {
    url,
    key: keys[0] ?? simulatorKey,
    script: (faults, { reset = false } = {}) => {
      if (reset) script.reset()
      script.add([faults].flat().map((one) => fault.parse(one)))
    },
    log: log.entries,
    connections: () => countConnections(server),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await log.close()
    },
  }
}

function createContext(options: OpenAiSimulatorOptions, origin: () => string): SimulatorContext {
  let count = 0
  const seed = systemClock.nowMs().toString(36)
  return {
    models: options.models ?? simulatedModels,
    origin,
    newId: (prefix) => `${prefix}-${seed}-${(count += 1)}`,
    nowS: () => Math.floor(systemClock.nowMs() / 1_000),
    answerWords: options.answerWords ?? 12,
    files: new Map(),
  }
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${portOf(server)}`
}

// A server that listens on TCP always has an AddressInfo.
function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
