import type { Tools } from '../tools.ts'

/** One command of the CLI. Prints to standard output and resolves with the exit code. */
export interface Command {
  /** The arguments after its name, and a description. */
  usage: [cliArgs: string, meaning: string]
  /** It creates the installation if it is missing; every other command requires one. */
  creates?: true
  /** It hashes API keys or seals upstream secrets, so it requires the installation's secrets. */
  needsSecrets?: true
  run(tools: Tools, args: string[]): Promise<number>
}
