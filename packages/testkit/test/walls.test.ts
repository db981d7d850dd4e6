import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const config = join(root, '.dependency-cruiser.cjs')
const DEPCRUISE_TIMEOUT_MS = 60_000

/** Each wall, and imports that must run into it: from → to. Packages of npm go by their name. */
const trespasses: Record<string, [from: string, to: string][]> = {
  'no-circular': [['packages/bus/src/egg.ts', 'packages/bus/src/hen.ts']], // told once a ring
  'services-are-islands': [['services/billing/src/methods/a.ts', 'services/scheduler/src/deps.ts']],
  'packages-are-ground': [
    ['packages/blobs/src/a.ts', 'services/billing/src/deps.ts'],
    ['packages/blobs/src/a.ts', 'apps/standalone/src/deps.ts'],
  ],
  'services-know-no-app': [['services/billing/src/methods/a.ts', 'apps/standalone/src/deps.ts']],
  'panel-is-thin': [
    ['apps/dashboard/src/a.ts', 'packages/bus/src/hen.ts'],
    ['apps/dashboard/src/b.ts', 'apps/standalone/src/deps.ts'],
    ['apps/dashboard/src/d.ts', 'apps/dashboard/serve/a.ts'],
  ],
  'panel-serves-itself': [
    ['apps/dashboard/serve/b.ts', 'apps/dashboard/src/c.ts'],
    ['apps/dashboard/serve/b.ts', 'packages/db/src/a.ts'],
  ],
  'standalone-by-public-entry': [['apps/standalone/src/a.ts', 'services/billing/src/methods/b.ts']],
  'kernel-is-bare': [
    ['packages/kernel/src/a.ts', 'zod'],
    ['packages/kernel/src/a.ts', 'packages/contracts/src/codecs.ts'],
  ],
  'drivers-at-the-rim: nats': [['services/billing/src/main.ts', 'nats']],
  'drivers-at-the-rim: ioredis': [['services/edge-api/src/admit/a.ts', 'ioredis']],
  'drivers-at-the-rim: pg, kysely': [
    ['services/billing/src/methods/c.ts', 'kysely'],
    ['packages/blobs/src/b.ts', 'pg'],
  ],
  'drivers-at-the-rim: undici': [['services/edge-api/src/dispatch/a.ts', 'undici']],
  'drivers-at-the-rim: S3': [['services/imgproxy/src/fetch/a.ts', '@aws-sdk/client-s3']],
  'nouns-are-pure': [
    ['services/billing/src/ledger/a.ts', 'services/billing/src/store/a.ts'],
    ['services/scheduler/src/lease/a.ts', 'packages/kernel/src/clock.ts'],
    ['packages/pricing/src/a.ts', 'packages/db/src/a.ts'],
    ['packages/jobs/src/image-job.ts', 'packages/kernel/src/random.ts'],
  ],
  'stages-do-not-import-each-other': [
    ['services/edge-api/src/admit/b.ts', 'services/edge-api/src/settle/a.ts'],
    ['services/edge-api/src/relay/a.ts', 'services/edge-api/src/accept/a.ts'],
    ['services/image-runner/src/generate/a.ts', 'services/image-runner/src/pictures/a.ts'],
  ],
  'nobody-imports-main': [
    ['services/billing/src/methods/d.ts', 'services/billing/src/main.ts'],
    ['apps/standalone/src/b.ts', 'apps/standalone/src/wire-embedded.ts'],
  ],
  'methods-know-no-module': [
    ['services/billing/src/methods/e.ts', 'services/billing/src/module.ts'],
  ],
  'tests-only': [
    ['services/billing/src/methods/f.ts', 'packages/testkit/src/databases.ts'],
    ['services/billing/src/methods/f.ts', 'packages/kernel/src/testing/fake-clock.ts'],
    ['services/billing/src/methods/f.ts', 'services/billing/src/store/ledger-store.contract.ts'],
  ],
  'own-tables: billing': [
    ['services/edge-api/src/store/a.ts', 'packages/db/src/tables/billing.ts'],
  ],
  'own-tables: edge': [['packages/jobs/src/store/a.ts', 'packages/db/src/tables/edge.ts']],
  'own-tables: images': [['services/image-runner/src/b.ts', 'packages/db/src/tables/images.ts']],
  'own-tables: scheduler': [
    ['services/billing/src/store/b.ts', 'packages/db/src/tables/scheduler.ts'],
  ],
  'imports-resolve': [['services/billing/src/methods/g.ts', '../gone.js']],
}

/** Imports that look alike and are right. */
const welcome: [from: string, to: string][] = [
  ['packages/bus/src/hen.ts', 'packages/bus/src/egg.ts'],
  ['services/billing/src/store/c.ts', 'packages/db/src/tables/billing.ts'],
  ['services/billing/src/store/c.ts', 'kysely'],
  ['services/billing/src/store/c.ts', 'ioredis'],
  ['services/billing/src/main.ts', 'ioredis'],
  ['services/edge-api/src/relay/b.ts', 'undici'],
  ['services/edge-api/src/relay/b.ts', 'services/edge-api/src/relay/a.ts'],
  ['services/edge-api/src/run-request.ts', 'services/edge-api/src/settle/a.ts'],
  ['services/billing/src/module.ts', 'services/billing/src/methods/a.ts'],
  ['apps/standalone/src/wire-embedded.ts', 'services/billing/src/module.ts'],
  ['apps/standalone/src/wire-embedded.ts', 'services/billing/src/store/c.ts'],
  ['apps/standalone/src/main.ts', 'apps/standalone/src/wire-embedded.ts'],
  ['apps/dashboard/src/c.ts', 'packages/contracts/src/codecs.ts'],
  ['apps/dashboard/serve/b.ts', 'packages/service-kit/src/log.ts'],
  ['apps/standalone/src/main.ts', 'apps/dashboard/serve/a.ts'],
  ['services/billing/src/methods/h.ts', 'packages/contracts/src/billing.contract.ts'],
  ['services/billing/src/methods/h.ts', 'packages/kernel/src/clock.ts'],
  ['services/billing/src/methods/h.test.ts', 'packages/testkit/src/databases.ts'],
  ['services/billing/src/ledger/a.test.ts', 'packages/kernel/src/random.ts'],
  ['services/billing/src/store/c.test.ts', 'services/billing/src/store/ledger-store.contract.ts'],
]

interface Violation {
  rule: { name: string }
  from: string
  to: string
}

let folder: string
let found: string[]
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-walls-'))
  build(folder, [...Object.values(trespasses).flat(), ...welcome])
  found = cruise(folder).map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
}, DEPCRUISE_TIMEOUT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

describe('the walls', () => {
  it.each(Object.keys(trespasses))('%s', (name) => {
    for (const [from, to] of trespasses[name] ?? []) {
      expect(found).toContain(`${name}: ${from} → ${to}`)
    }
  })

  it('stop only who has no business there', () => {
    const expected = Object.entries(trespasses).flatMap(([name, pairs]) =>
      pairs.map(([from, to]) => `${name}: ${from} → ${to}`),
    )
    // Drivers are not installed in this little tree, so they do not resolve either.
    const resolved = found.filter((line) => !/^imports-resolve: .* → [a-z@][^.]*$/.test(line))
    expect(resolved.toSorted()).toEqual(expected.toSorted())
  })

  it('are all proven here', () => {
    const { forbidden } = createRequire(import.meta.url)(config)
    const names = forbidden.map((rule: { name: string }) => rule.name)
    expect(Object.keys(trespasses).toSorted()).toEqual(names.toSorted())
  })
})

/** A little house in which each file imports what it is told to, half of the times as a type. */
function build(base: string, imports: [from: string, to: string][]): void {
  const sources = new Map<string, string[]>()
  const linesOf = (path: string) => sources.get(path) ?? sources.set(path, []).get(path) ?? []
  for (const [index, [from, to]] of imports.entries()) {
    if (isFile(to)) linesOf(to)
    const lines = linesOf(from)
    const specifier = isFile(to) ? relativeSpecifier(from, to) : to
    const kind = index % 2 === 0 ? 'import type' : 'import'
    lines.push(`${kind} { thing as thing${index} } from '${specifier}'`)
    if (kind === 'import') lines.push(`thing${index}()`)
  }
  for (const [path, lines] of sources) {
    mkdirSync(join(base, dirname(path)), { recursive: true })
    writeFileSync(join(base, path), [...lines, 'export const thing = () => {}', ''].join('\n'))
  }
  writeFileSync(join(base, 'tsconfig.json'), '{}')
}

function isFile(to: string): boolean {
  return to.endsWith('.ts')
}

function relativeSpecifier(from: string, to: string): string {
  const path = relative(dirname(from), to)
  return path.startsWith('.') ? path : `./${path}`
}

function cruise(base: string): Violation[] {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const words = ['--config', config, '--output-type', 'json', 'packages', 'services', 'apps']
  const { stdout } = spawnSync(process.execPath, [program, ...words], {
    cwd: base,
    encoding: 'utf8',
    timeout: DEPCRUISE_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(stdout).summary.violations
}
