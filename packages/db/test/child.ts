import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Child {
  /** The next line of its output; undefined when it has ended. */
  line(): Promise<string | undefined>
  /** Signals a waiting script to begin. */
  begin(): void
  /** Kills the process and waits for its end. Returns the remaining lines of its output. */
  kill(): Promise<string[]>
}

/** Runs a script of this folder in a separate process. */
export function startChild(script: string, ...args: string[]): Child {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, script), ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  if (!child.stdout || !child.stdin) throw new Error('the child has no pipes')
  const { stdin } = child
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => {
    const { done, value } = await lines.next()
    return done === true ? undefined : value
  }
  const kill = async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    const rest: string[] = []
    for (let text = await line(); text !== undefined; text = await line()) rest.push(text)
    return rest
  }
  return { line, begin: () => void stdin.write('begin\n'), kill }
}
