import type { Tools } from '../tools.ts'

/** One command of the CLI. Prints to standard output; resolves with the exit code. */
export interface Command {
  /** The words after its name, and what it does. */
  usage: [cliArgs: string, meaning: string]
  /** It makes what is missing; every other command refuses to work without an installation. */
  creates?: true
  /** It hashes API keys or seals upstream secrets, so it needs those of the installation. */
  needsSecrets?: true
  run(tools: Tools, args: string[]): Promise<number>
}
