import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../build-panel.mjs', import.meta.url))

/** Builds the panel where it is missing or stale. False when it cannot be built; it has said why. */
export function buildPanel(env) {
  return spawnSync(process.execPath, [script], { env, stdio: 'inherit' }).status === 0
}
