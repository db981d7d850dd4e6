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
  /** Everything it printed, to read the first key and to report failures. */
  output(): string
  /** Its standard output. */
  stdout(): string
  alive(): boolean
  /** The signal that ended it; null for a normal exit, or while it runs. */
  signal(): NodeJS.Signals | null
  /** Sends SIGKILL; resolves when it has exited. */
  kill(): Promise<void>
  /** Sends SIGTERM; resolves with the exit code after the drain. */
  stop(): Promise<number | null>
  /** Resolves when it has exited. */
  ended(): Promise<void>
}

/** Starts one of our programs with the given environment, PATH and HOME only. */
export function startChild(spec: {
  name: string
  script: string
  args?: string[]
  env: Record<string, string>
  /** Pins the process to one CPU, for measurements. */
  cpu?: number | undefined
}): Child {
  const commandLine = [process.execPath, spec.script, ...(spec.args ?? [])]
  const [command = '', ...args] =
    spec.cpu === undefined ? commandLine : ['taskset', '-c', String(spec.cpu), ...commandLine]
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let stdout = ''
  const appendOutput = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX)
  }
  child.stdout.on('data', appendOutput)
  child.stdout.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX)
  })
  child.stderr.on('data', appendOutput)
  const alive = () => child.exitCode === null && child.signalCode === null
  const end = async (signal: NodeJS.Signals) => {
    if (alive()) {
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    }
    return child.exitCode
  }
  return {
    name: spec.name,
    pid: child.pid ?? 0,
    output: () => output,
    stdout: () => stdout,
    alive,
    signal: () => child.signalCode,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    ended: () => untilExit(child, alive),
  }
}

/** Runs a program to its end; returns its standard output, or throws with everything it printed. */
export async function runToEnd(spec: Parameters<typeof startChild>[0]): Promise<string> {
  const child = startChild(spec)
  await child.ended()
  const code = await child.stop()
  if (code !== 0)
    throw new Error(`${spec.name} ${spec.args?.join(' ')}: ${code}\n${child.output()}`)
  return child.stdout()
}

async function untilExit(child: ChildProcess, alive: () => boolean): Promise<void> {
  if (alive()) await once(child, 'exit')
}

/** Finds a free port; another process may take it before it is used. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}

const READY_TIMEOUT_MS = 60_000

/** A program exited before it was ready; the message contains its output. */
export class EndedWhileStarting extends Error {
  readonly signal: NodeJS.Signals | null

  constructor(child: Pick<Child, 'name' | 'output' | 'signal'>) {
    super(`${child.name} ended while starting:\n${child.output()}`)
    this.signal = child.signal()
  }
}

/** Waits until `/ready` answers 200; throws with the program's output when it exits before. */
export async function untilReady(child: Child, baseUrl: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (!child.alive()) throw new EndedWhileStarting(child)
    const answer = await fetch(`${baseUrl}/ready`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${child.name} was not ready within ${READY_TIMEOUT_MS} ms:\n${child.output()}`)
}
