import { globSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { findPostmaster } from '../../packages/db/src/embedded/postmaster.ts'

/**
 * Removes the folder of a test run. A killed test may have left a PostgreSQL running, which outlives its
 * parent by design: servers whose data is in the folder are stopped first.
 */
export async function removeRunFolder(folder) {
  for (const file of globSync('**/postmaster.pid', { cwd: folder })) {
    const running = await findPostmaster({ dataFolder: dirname(join(folder, file)) })
    if (running) stop(running.pid)
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

// Immediate shutdown: the data is removed, so no checkpoint is needed.
function stop(pid) {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
