import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pinned = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))

/** True for a Node that runs TypeScript without a flag. */
export function isModernNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/**
 * True when this Node can run TypeScript; otherwise runs the script again in the installed one and returns
 * false.
 */
export async function ensureModernNode() {
  if (isModernNode()) return true
  if (!existsSync(pinned)) {
    console.error(`Node ${process.versions.node} cannot run TypeScript, and no newer one was`)
    console.error('installed for this platform. Install Node 24 (22.18 at least) and start again.')
    process.exit(1)
  }
  const child = spawn(pinned, process.argv.slice(1), { stdio: 'inherit' })
  // The terminal sends Ctrl-C to the child, too; this process must not exit first.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [status] = await once(child, 'exit')
  process.exitCode = status ?? 1
  return false
}
