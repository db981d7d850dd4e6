import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../build-panel.mjs', import.meta.url))

/** Builds the panel if the build is missing or stale. False when the build fails; it prints the cause. */
export function buildPanel(env) {
  return spawnSync(process.execPath, [script], { env, stdio: 'inherit' }).status === 0
}
