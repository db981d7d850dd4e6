import { chmodSync, globSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { bringUp } from './bring-up.mjs'
import { buildPanel } from './build-panel.mjs'
import { runVitest } from './run-vitest.mjs'
import { sweep } from './sweep.mjs'

const needs = {
  unit: [],
  pg: ['postgres'],
  redis: ['redis'],
  nats: ['nats'],
  e2e: ['postgres', 'redis', 'nats'],
  browser: ['chromium'],
}
// They start whole houses: they come last, one file at a time.
const whole = ['e2e', 'browser']

const chromiumWords = [
  'there is no Chromium here, so',
  'and nobody looks at the panel. Install chromium, or give TEST_CHROMIUM (its path).',
]

const { projects, words, long } = parse(process.argv.slice(2))
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
  const missing = await bringUp({ kinds, folder, env, stops })
  missing.forEach(tellMissing)
  const lacks = (project) => needs[project].some((kind) => missing.includes(kind))
  const light = projects.filter((project) => !whole.includes(project))
  await run(light.filter((project) => !lacks(project)))
  for (const project of whole.filter((one) => projects.includes(one))) {
    const isBuilt = panelIsThere()
    if (project === 'browser' && (lacks(project) || !isBuilt)) continue
    await run([project], ['--no-file-parallelism'])
  }
  if (counts.passed + counts.failed === 0) {
    console.error('No test ran. Is the filter right?')
    counts.failed += 1
  }
} catch (error) {
  console.error(error)
  counts.failed += 1
} finally {
  await Promise.allSettled(stops.map((stop) => stop()))
  await sweep(folder)
}
if (interrupted.signal.aborted) counts.failed += 1
process.exitCode = counts.failed === 0 ? 0 : 1
const tail = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
console.log(`${counts.passed} passed, ${counts.failed} failed${tail}`)

function parse(args) {
  const chosen = args.flatMap((word, at) => (args[at - 1] === '--project' ? [word] : []))
  const unknown = chosen.filter((project) => !(project in needs))
  if (unknown.length > 0) {
    console.error(`No project ${unknown.join(', ')}; there are ${Object.keys(needs).join(', ')}.`)
    process.exit(1)
  }
  const ours = ['--project', '--long']
  const rest = args.filter((word, at) => !ours.includes(word) && args[at - 1] !== '--project')
  return {
    projects: chosen.length > 0 ? chosen : Object.keys(needs),
    words: rest,
    long: args.includes('--long'),
  }
}

async function run(chosen, extra = []) {
  if (chosen.length === 0 || interrupted.signal.aborted) return
  const named = chosen.map((project) => `--project=${project}`)
  const result = await runVitest({
    words: [...named, '--passWithNoTests', ...extra, ...words],
    env,
    reportFile: join(folder, `report-${chosen[0]}.json`),
    signal: interrupted.signal,
  })
  for (const kind of Object.keys(counts)) counts[kind] += result[kind]
}

/** The panel that whole houses show is built first; a panel that does not build is a failure. */
function panelIsThere() {
  const built = buildPanel(env)
  if (!built) counts.failed += 1
  return built
}

function tellMissing(kind) {
  if (kind === 'chromium') return tellSkipped('browser', chromiumWords)
  return tellSkipped(kind, [
    `there is no ${kind} server here, so`,
    `nor do scenarios of the distributed wiring. Install ${kind}-server, start docker,`,
    `or give TEST_${kind.toUpperCase()}_URL.`,
  ])
}

function tellSkipped(project, [lack, ...advice]) {
  const places = '{packages,services,apps,test,bench,infra}/**'
  const files = globSync(`${places}/*.${project}.test.ts`, {
    exclude: (path) => path.includes('node_modules'),
  })
  console.error(`\n  SKIPPED: ${lack} ${files.length} suites do not run,`)
  for (const line of advice) console.error(`  ${line}`)
  console.error()
  for (const file of files) console.error(`    ${file}`)
  if (env.CI === 'true') counts.failed += Math.max(1, files.length)
  else counts.skipped += files.length
}
