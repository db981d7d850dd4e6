import { chmodSync, globSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startServers } from './start-servers.mjs'
import { buildPanel } from './build-panel.mjs'
import { runVitest } from './run-vitest.mjs'
import { removeRunFolder } from './remove-run-folder.mjs'

const needs = {
  unit: [],
  pg: ['postgres'],
  redis: ['redis'],
  nats: ['nats'],
  e2e: ['postgres', 'redis', 'nats'],
  browser: ['chromium'],
}
// They start whole installations: they run last, one file at a time.
const wholeInstallation = ['e2e', 'browser']

const chromiumText = [
  'Chromium was not found, so',
  'and the panel is not tested in a browser. Install chromium, or set TEST_CHROMIUM to its path.',
]

const { projects, vitestArgs, long } = parse(process.argv.slice(2))
const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
chmodSync(folder, 0o755) // the servers run as other users
mkdirSync(join(folder, 'tmp'))
const stops = []
const env = { ...process.env, TMPDIR: join(folder, 'tmp'), ...(long && { TEST_LONG: '1' }) }
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupted.abort(signal))

const counts = { passed: 0, failed: 0, skipped: 0 }
try {
  const kinds = new Set(projects.flatMap((project) => needs[project]))
  const missing = await startServers({ kinds, folder, env, stops })
  missing.forEach(reportMissing)
  const lacks = (project) => needs[project].some((kind) => missing.includes(kind))
  const light = projects.filter((project) => !wholeInstallation.includes(project))
  await run(light.filter((project) => !lacks(project)))
  for (const project of wholeInstallation.filter((one) => projects.includes(one))) {
    const isBuilt = ensurePanel()
    if (project === 'browser' && (lacks(project) || !isBuilt)) continue
    await run([project], ['--no-file-parallelism'])
  }
  if (counts.passed + counts.failed === 0) {
    console.error('No test ran. Check the filter.')
    counts.failed += 1
  }
} catch (error) {
  console.error(error)
  counts.failed += 1
} finally {
  await Promise.allSettled(stops.map((stop) => stop()))
  await removeRunFolder(folder)
}
if (interrupted.signal.aborted) counts.failed += 1
process.exitCode = counts.failed === 0 ? 0 : 1
const tail = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
console.log(`${counts.passed} passed, ${counts.failed} failed${tail}`)

function parse(args) {
  const chosen = args.flatMap((arg, at) => (args[at - 1] === '--project' ? [arg] : []))
  const unknown = chosen.filter((project) => !(project in needs))
  if (unknown.length > 0) {
    console.error(`Unknown project ${unknown.join(', ')}. Known: ${Object.keys(needs).join(', ')}.`)
    process.exit(1)
  }
  const ours = ['--project', '--long']
  const rest = args.filter((arg, at) => !ours.includes(arg) && args[at - 1] !== '--project')
  return {
    projects: chosen.length > 0 ? chosen : Object.keys(needs),
    vitestArgs: rest,
    long: args.includes('--long'),
  }
}

async function run(chosen, extra = []) {
  if (chosen.length === 0 || interrupted.signal.aborted) return
  const named = chosen.map((project) => `--project=${project}`)
  const result = await runVitest({
    args: [...named, '--passWithNoTests', ...extra, ...vitestArgs],
    env,
    reportFile: join(folder, `report-${chosen[0]}.json`),
    signal: interrupted.signal,
  })
  for (const kind of Object.keys(counts)) counts[kind] += result[kind]
}

/** Builds the panel if needed; a failed build counts as a failure. */
function ensurePanel() {
  const built = buildPanel(env)
  if (!built) counts.failed += 1
  return built
}

function reportMissing(kind) {
  if (kind === 'chromium') return reportSkipped('browser', chromiumText)
  return reportSkipped(kind, [
    `No ${kind} server is available, so`,
    `nor do scenarios of the distributed wiring. Install ${kind}-server, start docker,`,
    `or set TEST_${kind.toUpperCase()}_URL.`,
  ])
}

function reportSkipped(project, [cause, ...remedy]) {
  const folders = '{packages,services,apps,test,bench,infra}/**'
  const files = globSync(`${folders}/*.${project}.test.ts`, {
    exclude: (path) => path.includes('node_modules'),
  })
  console.error(`\n  SKIPPED: ${cause} ${files.length} suites do not run,`)
  for (const line of remedy) console.error(`  ${line}`)
  console.error()
  for (const file of files) console.error(`    ${file}`)
  if (env.CI === 'true') counts.failed += Math.max(1, files.length)
  else counts.skipped += files.length
}
