import { spawn } from 'node:child_process'
import { once } from 'node:events'

const OUTPUT_CHARACTERS_MAX = 2_000_000

export interface NpmRun {
  /** Everything it printed. */
  output(): string
  /** The first match of the pattern in what it prints; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Ends it as Ctrl-C in a terminal does, with everything it started; resolves with the exit code. */
  interrupt(): Promise<number | null>
  /** Ends it as a process manager does, which knows npm's id only; resolves when all it started has ended. */
  terminate(): Promise<number | null>
  /** Resolves with the exit code when it has ended by itself. */
  ended(): Promise<number | null>
}

/** `npm <words>` in a checkout, with this environment and nothing else of ours. */
export function runNpm(spec: {
  folder: string
  words: string[]
  env: Record<string, string>
  /** Run by another user; only root may ask for that. */
  as?: { uid: number; gid: number } | undefined
}): NpmRun {
  const child = spawn('npm', spec.words, {
    cwd: spec.folder,
    env: { PATH: process.env['PATH'] ?? '', ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a terminal gives to each command.
    detached: true,
    ...spec.as,
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX)
    child.emit('printed')
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const closed = once(child, 'close').then(() => child.exitCode)
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  return {
    output: () => output,
    printed: async (pattern) => {
      for (;;) {
        const match = pattern.exec(output)
        if (match) return match
        if (isOver()) throw new Error(`npm ${spec.words.join(' ')} ended:\n${output}`)
        await Promise.race([once(child, 'printed'), closed])
      }
    },
    interrupt: async () => {
      if (!isOver() && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
      return closed
    },
    terminate: async () => {
      if (!isOver()) child.kill('SIGTERM')
      return closed
    },
    ended: () => closed,
  }
}
