import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../scripts/build-panel.mjs', import.meta.url))

/** Builds the panel if the build is missing or stale. Throws when the build fails. */
export function buildPanel(): void {
  execFileSync(process.execPath, [script], { stdio: 'inherit' })
}
