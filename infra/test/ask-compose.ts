import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Variables } from './read-compose.ts'
import { root } from './read-compose.ts'

const WITHIN_MS = 30_000
const candidates = [['docker', 'compose'], ['docker-compose']]

/** The machine's own compose, if it has one. */
const compose = candidates.find((words) => run([...words, 'version']).status === 0)
export const hasCompose = compose !== undefined

/**
 * What the machine's own compose says about docker-compose.yml, beside an .env of these variables; no engine is
 * needed for it. `undefined` when it has no objection, or there is no compose.
 */
export function complaintOfCompose(variables: Variables): string | undefined {
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

function run([program = '', ...words]: string[]) {
  // Of our own environment nothing but the path: compose would take its variables before those of the file.
  const env = { PATH: process.env['PATH'], HOME: tmpdir() }
  return spawnSync(program, words, { cwd: root, env, encoding: 'utf8', timeout: WITHIN_MS })
}
