// Runs a package.json script with the pinned pnpm, which brings the pinned Node. Plain JavaScript,
// because this file is run by whatever Node (>= 20) the newcomer has.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [script, ...args] = process.argv.slice(2)

const pnpm = (...words) => {
  const npmArgs = ['exec', '--yes', `--package=${manifest.packageManager}`, '--', 'pnpm', ...words]
  const { status, signal } = spawnSync('npm', npmArgs, { stdio: 'inherit' })
  if (status !== 0) process.exit(signal ? 1 : (status ?? 1))
}

pnpm('install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only')
pnpm('run', script, ...args)
