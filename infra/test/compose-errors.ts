import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Variables } from './read-compose.ts'
import { root } from './read-compose.ts'

const TIMEOUT_MS = 30_000
const candidates = [['docker', 'compose'], ['docker-compose']]

/** The command line of the installed compose, if there is one. */
const compose = candidates.find((command) => run([...command, 'version']).status === 0)
export const hasCompose = compose !== undefined

/**
 * The errors that the installed compose reports for docker-compose.yml with these variables in .env; no
 * engine is needed. `undefined` when there are none, or compose is not installed.
 */
export function composeErrors(variables: Variables): string | undefined {
  if (!compose) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sluice-compose-'))
  try {
    const file = join(folder, 'env')
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(file, lines.join(''))
    const { status, stderr } = run([...compose, '--env-file', file, 'config', '--quiet'])
    return status === 0 ? undefined : stderr
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run([program = '', ...args]: string[]) {
  // Only the path of our own environment: compose would prefer its variables to those of the file.
  const env = { PATH: process.env['PATH'], HOME: tmpdir() }
  return spawnSync(program, args, { cwd: root, env, encoding: 'utf8', timeout: TIMEOUT_MS })
}
