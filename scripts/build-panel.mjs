// Builds the panel if the build is missing or stale; `--force` always builds. Each build has its own folder
// dist/panel/<stamp>, and dist/panel/current names the latest: a running gateway retains the files of its
// pages.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'

import { panelStamp } from './lib/panel-stamp.mjs'

const BUILD_TIMEOUT_MS = 300_000
const LOCK_POLL_MS = 200

const root = fileURLToPath(new URL('..', import.meta.url))
const app = `${root}apps/dashboard`
const buildsDir = `${root}dist/panel`
const next = `${buildsDir}/next`
const lock = `${buildsDir}/building`
const pointer = `${buildsDir}/current`

const stamp = panelStamp(root)
mkdirSync(buildsDir, { recursive: true })
if (isFresh() && !process.argv.includes('--force')) process.exit(0)
await acquireLock()
try {
  // Another process may have built it in the meantime.
  if (!isFresh() || process.argv.includes('--force')) build()
} finally {
  rmSync(lock, { recursive: true, force: true })
}

function isFresh() {
  return readPointer() === stamp && existsSync(`${buildsDir}/${stamp}/adapter-node.js`)
}

function readPointer() {
  return existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : undefined
}

/** Serialises the builds of a checkout: they share SvelteKit's working folder. */
async function acquireLock() {
  for (;;) {
    try {
      mkdirSync(lock)
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      // A lock older than the build timeout is of a killed process.
      const held = statSync(lock, { throwIfNoEntry: false })
      if (held && Date.now() - held.mtimeMs > BUILD_TIMEOUT_MS) rmSync(lock, { recursive: true })
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
    }
  }
}

function build() {
  const before = readPointer()
  console.error(
    before
      ? 'The sources of the panel changed; rebuilding it …'
      : 'Building the panel; this happens once and takes some seconds …',
  )
  const vite = [`${app}/node_modules/vite/bin/vite.js`, 'build', '--logLevel', 'warn']
  const { status, stdout, stderr, error } = spawnSync(process.execPath, vite, {
    cwd: app,
    encoding: 'utf8',
    timeout: BUILD_TIMEOUT_MS,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (status !== 0) {
    console.error(`${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`.trim())
    console.error('The panel build failed (see above).')
    process.exitCode = 1
    return
  }
  rmSync(`${buildsDir}/${stamp}`, { recursive: true, force: true })
  renameSync(next, `${buildsDir}/${stamp}`)
  writeFileSync(`${pointer}.next`, `${stamp}\n`)
  renameSync(`${pointer}.next`, pointer)
  // svelte-check would check this output as source files.
  rmSync(`${app}/.svelte-kit/output`, { recursive: true, force: true })
  const retained = ['current', 'building', stamp, before]
  for (const name of readdirSync(buildsDir)) {
    if (!retained.includes(name)) rmSync(`${buildsDir}/${name}`, { recursive: true, force: true })
  }
}
