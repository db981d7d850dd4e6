import type { Tools } from '../tools.ts'

/** One command of the CLI. Prints to standard output; resolves with the exit code. */
export interface Command {
  /** The words after its name, and what it does. */
  usage: [words: string, meaning: string]
  run(tools: Tools, args: string[]): Promise<number>
}
