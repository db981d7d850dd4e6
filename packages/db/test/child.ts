import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Child {
  /** The next line it says; undefined when it has ended. */
  line(): Promise<string | undefined>
  /** Lets it begin, where its script waits for that. */
  begin(): void
  /** kill -9, and waits until it is gone. Answers the lines that it had said and nobody read. */
  kill(): Promise<string[]>
}

/** Runs a script of this folder in a process of its own. */
export function startChild(script: string, ...words: string[]): Child {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, script), ...words],
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
    for (let said = await line(); said !== undefined; said = await line()) rest.push(said)
    return rest
  }
  return { line, begin: () => void stdin.write('begin\n'), kill }
}
