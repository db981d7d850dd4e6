// Builds the panel when it is missing or stale; quick when it is fresh. `--force` builds anyway.
// Each build has a folder of its own, dist/panel/<stamp>, and dist/panel/current names the last one: a
// gateway that runs keeps the files that its pages ask for.
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

const BUILD_WITHIN_MS = 300_000
const LOOK_AGAIN_MS = 200

const root = fileURLToPath(new URL('..', import.meta.url))
const app = `${root}apps/dashboard`
const place = `${root}dist/panel`
const next = `${place}/next`
const lock = `${place}/building`
const pointer = `${place}/current`

const stamp = panelStamp(root)
mkdirSync(place, { recursive: true })
if (isFresh() && !process.argv.includes('--force')) process.exit(0)
await takeTurn()
try {
  // Somebody else may have built it while we waited.
  if (!isFresh() || process.argv.includes('--force')) build()
} finally {
  rmSync(lock, { recursive: true, force: true })
}

function isFresh() {
  return readPointer() === stamp && existsSync(`${place}/${stamp}/adapter-node.js`)
}

function readPointer() {
  return existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : undefined
}

/** One build at a time in one checkout: they share SvelteKit's working folder. */
async function takeTurn() {
  for (;;) {
    try {
      mkdirSync(lock)
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      // Whoever held it longer than a build may take was killed.
      const held = statSync(lock, { throwIfNoEntry: false })
      if (held && Date.now() - held.mtimeMs > BUILD_WITHIN_MS) rmSync(lock, { recursive: true })
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }
}

function build() {
  const before = readPointer()
  console.error(
    before
      ? 'The panel’s sources have changed; building it anew …'
      : 'Building the panel; this is done once, and takes some seconds …',
  )
  const vite = [`${app}/node_modules/vite/bin/vite.js`, 'build', '--logLevel', 'warn']
  const { status, stdout, stderr, error } = spawnSync(process.execPath, vite, {
    cwd: app,
    encoding: 'utf8',
    timeout: BUILD_WITHIN_MS,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (status !== 0) {
    console.error(`${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`.trim())
    console.error('The panel could not be built (see above).')
    process.exitCode = 1
    return
  }
  rmSync(`${place}/${stamp}`, { recursive: true, force: true })
  renameSync(next, `${place}/${stamp}`)
  writeFileSync(`${pointer}.next`, `${stamp}\n`)
  renameSync(`${pointer}.next`, pointer)
  // svelte-check would take what is left there for modules of ours.
  rmSync(`${app}/.svelte-kit/output`, { recursive: true, force: true })
  const kept = ['current', 'building', stamp, before]
  for (const name of readdirSync(place)) {
    if (!kept.includes(name)) rmSync(`${place}/${name}`, { recursive: true, force: true })
  }
}
