import { spawn } from 'node:child_process'
import { once } from 'node:events'

const OUTPUT_CHARACTERS_MAX = 2_000_000

export interface NpmRun {
  /** Everything it printed. */
  output(): string
  /** Waits for the first match of the pattern in the output; rejects when npm exits before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Sends SIGINT to its process group, as Ctrl-C does; resolves with the exit code. */
  interrupt(): Promise<number | null>
  /** Sends SIGTERM to npm only, as a process manager does; resolves when all of its processes have ended. */
  terminate(): Promise<number | null>
  /** Resolves with the exit code. */
  ended(): Promise<number | null>
}

/** Runs `npm <args>` in a checkout with this environment and PATH only. */
export function runNpm(spec: {
  folder: string
  args: string[]
  env: Record<string, string>
  /** Runs as another user; requires root. */
  as?: { uid: number; gid: number } | undefined
}): NpmRun {
  const child = spawn('npm', spec.args, {
    cwd: spec.folder,
    env: { PATH: process.env['PATH'] ?? '', ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, as a terminal creates for each command.
    detached: true,
    ...spec.as,
  })
  let output = ''
  const append = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX)
    child.emit('printed')
  }
  child.stdout.on('data', append)
  child.stderr.on('data', append)
  const closed = once(child, 'close').then(() => child.exitCode)
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  return {
    output: () => output,
    printed: async (pattern) => {
      for (;;) {
        const match = pattern.exec(output)
        if (match) return match
        if (isOver()) throw new Error(`npm ${spec.args.join(' ')} ended:\n${output}`)
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
