import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const OUTPUT_CHARACTERS_MAX = 2_000_000

export interface Child {
  readonly name: string
  readonly pid: number
  /** Everything it printed, for reading a first key and for failing tests. */
  output(): string
  /** What of it went to standard output. */
  answer(): string
  alive(): boolean
  /** The signal that ended it; null for an exit of its own, or while it lives. */
  signal(): NodeJS.Signals | null
  /** SIGKILL, by its own id; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code when it has drained. */
  stop(): Promise<number | null>
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>
}

/** Starts one of our programs with only the given environment and the bare minimum of ours. */
export function startChild(spec: {
  name: string
  script: string
  args?: string[]
  env: Record<string, string>
  /** Binds the process to one CPU, for measurements. */
  cpu?: number | undefined
}): Child {
  const words = [process.execPath, spec.script, ...(spec.args ?? [])]
  const [command = '', ...args] =
    spec.cpu === undefined ? words : ['taskset', '-c', String(spec.cpu), ...words]
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let answer = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX)
  }
  child.stdout.on('data', keep)
  child.stdout.on('data', (chunk: Buffer) => {
    answer = (answer + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX)
  })
  child.stderr.on('data', keep)
  const alive = () => child.exitCode === null && child.signalCode === null
  const end = async (signal: NodeJS.Signals) => {
    if (alive()) {
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    }
    return child.exitCode
  }
  return {
    name: spec.name,
    pid: child.pid ?? 0,
    output: () => output,
    answer: () => answer,
    alive,
    signal: () => child.signalCode,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    ended: () => untilExit(child, alive),
  }
}

/** Runs a program to its end; its standard output, or an error with everything it printed. */
export async function runToEnd(spec: Parameters<typeof startChild>[0]): Promise<string> {
  const child = startChild(spec)
  await child.ended()
  const code = await child.stop()
  if (code !== 0)
    throw new Error(`${spec.name} ${spec.args?.join(' ')}: ${code}\n${child.output()}`)
  return child.answer()
}

async function untilExit(child: ChildProcess, alive: () => boolean): Promise<void> {
  if (alive()) await once(child, 'exit')
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port was given')
  return address.port
}

const READY_WITHIN_MS = 60_000

/** A program that ended before it was ready, with its own words. */
export class EndedWhileStarting extends Error {
  readonly signal: NodeJS.Signals | null

  constructor(child: Pick<Child, 'name' | 'output' | 'signal'>) {
    super(`${child.name} ended while starting:\n${child.output()}`)
    this.signal = child.signal()
  }
}

/** Waits until `/ready` answers 200; fails with the program's own words when it ends before. */
export async function untilReady(child: Child, baseUrl: string): Promise<void> {
  const giveUpAt = performance.now() + READY_WITHIN_MS
  while (performance.now() < giveUpAt) {
    if (!child.alive()) throw new EndedWhileStarting(child)
    const answer = await fetch(`${baseUrl}/ready`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${child.name} was not ready within ${READY_WITHIN_MS} ms:\n${child.output()}`)
}
