import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pinned = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))

/** True from the first Node that runs TypeScript without a flag. */
export function isModernNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/** True when this Node can run TypeScript; else starts over in the one we installed. */
export async function needModernNode() {
  if (isModernNode()) return true
  if (!existsSync(pinned)) {
    console.error(`Node ${process.versions.node} cannot run TypeScript, and no newer one was`)
    console.error('installed for this platform. Install Node 24 (22.18 at least) and start again.')
    process.exit(1)
  }
  const child = spawn(pinned, process.argv.slice(1), { stdio: 'inherit' })
  // Ctrl-C reaches the child by itself; we only must not leave before it.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [status] = await once(child, 'exit')
  process.exitCode = status ?? 1
  return false
}
