import { globSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { findPostmaster } from '../../packages/db/src/embedded/postmaster.ts'

/**
 * Removes a run's folder. Tests make their folders in it, and a test that was killed may have left a
 * PostgreSQL that outlives its parent by design: those whose data lies in the folder end with it.
 */
export async function sweep(folder) {
  for (const file of globSync('**/postmaster.pid', { cwd: folder })) {
    const running = await findPostmaster({ dataFolder: dirname(join(folder, file)) })
    if (running) end(running.pid)
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

// Immediate shutdown: nothing in there is worth a checkpoint.
function end(pid) {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
