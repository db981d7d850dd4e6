import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const config = join(root, '.dependency-cruiser.cjs')
const DEPCRUISE_TIMEOUT_MS = 60_000

/** Each rule, with imports that violate it: from → to. npm packages are named without a path. */
const violations: Record<string, [from: string, to: string][]> = {
  'no-circular': [['packages/bus/src/egg.ts', 'packages/bus/src/hen.ts']], // one report per cycle
  'no-import-between-services': [
    ['services/billing/src/methods/a.ts', 'services/scheduler/src/deps.ts'],
  ],
  'packages-import-no-service': [
    ['packages/blobs/src/a.ts', 'services/billing/src/deps.ts'],
    ['packages/blobs/src/a.ts', 'apps/standalone/src/deps.ts'],
  ],
  'services-import-no-app': [['services/billing/src/methods/a.ts', 'apps/standalone/src/deps.ts']],
  'panel-imports': [
    ['apps/dashboard/src/a.ts', 'packages/bus/src/hen.ts'],
    ['apps/dashboard/src/b.ts', 'apps/standalone/src/deps.ts'],
    ['apps/dashboard/src/d.ts', 'apps/dashboard/serve/a.ts'],
  ],
  'panel-server-imports': [
    ['apps/dashboard/serve/b.ts', 'apps/dashboard/src/c.ts'],
    ['apps/dashboard/serve/b.ts', 'packages/db/src/a.ts'],
  ],
  'standalone-by-public-entry': [['apps/standalone/src/a.ts', 'services/billing/src/methods/b.ts']],
  'kernel-has-no-dependencies': [
    ['packages/kernel/src/a.ts', 'zod'],
    ['packages/kernel/src/a.ts', 'packages/contracts/src/codecs.ts'],
  ],
  'driver-imports: nats': [['services/billing/src/main.ts', 'nats']],
  'driver-imports: ioredis': [['services/edge-api/src/limits/a.ts', 'ioredis']],
  'driver-imports: pg, kysely': [
    ['services/billing/src/methods/c.ts', 'kysely'],
    ['packages/blobs/src/b.ts', 'pg'],
  ],
  'driver-imports: undici': [['services/edge-api/src/gateway/a.ts', 'undici']],
  'driver-imports: S3': [['services/imgproxy/src/fetch/a.ts', '@aws-sdk/client-s3']],
  'pure-modules': [
    ['services/billing/src/ledger/a.ts', 'services/billing/src/store/a.ts'],
    ['services/scheduler/src/lease/a.ts', 'packages/kernel/src/clock.ts'],
    ['packages/pricing/src/a.ts', 'packages/db/src/a.ts'],
    ['packages/attempts/src/a.ts', 'packages/kernel/src/random.ts'],
    ['packages/jobs/src/image-job.ts', 'packages/kernel/src/random.ts'],
  ],
  'stages-do-not-import-each-other': [
    ['services/imgproxy/src/check/b.ts', 'services/imgproxy/src/accept/a.ts'],
    ['services/image-runner/src/generate/a.ts', 'services/image-runner/src/pictures/a.ts'],
  ],
  'edge-features-are-independent': [
    ['services/edge-api/src/limits/b.ts', 'services/edge-api/src/usage/a.ts'],
    ['services/edge-api/src/auth/b.ts', 'services/edge-api/src/gateway/b.ts'],
  ],
  'edge-http-is-below-features': [
    ['services/edge-api/src/http/b.ts', 'services/edge-api/src/credit/b.ts'],
  ],
  'chat-and-images-meet-once': [
    ['services/edge-api/src/gateway/c.ts', 'services/edge-api/src/images/b.ts'],
    ['services/edge-api/src/images/c.ts', 'services/edge-api/src/gateway/b.ts'],
  ],
  'no-import-of-main': [
    ['services/billing/src/methods/d.ts', 'services/billing/src/main.ts'],
    ['apps/standalone/src/b.ts', 'apps/standalone/src/wire-embedded.ts'],
  ],
  'methods-import-no-module': [
    ['services/billing/src/methods/e.ts', 'services/billing/src/module.ts'],
  ],
  'test-code-in-tests-only': [
    ['services/billing/src/methods/f.ts', 'packages/testkit/src/databases.ts'],
    ['services/billing/src/methods/f.ts', 'packages/kernel/src/testing/fake-clock.ts'],
    ['services/edge-api/src/auth/a.ts', 'services/edge-api/src/testing/sample-user.ts'],
    ['services/billing/src/methods/f.ts', 'packages/contracts/src/testing/samples.ts'],
    ['services/billing/src/methods/f.ts', 'services/billing/src/store/ledger-store.contract.ts'],
  ],
  'table-owner: billing': [
    ['services/edge-api/src/store/a.ts', 'packages/db/src/tables/billing.ts'],
  ],
  'table-owner: edge': [['packages/jobs/src/store/a.ts', 'packages/db/src/tables/edge.ts']],
  'table-owner: images': [['services/image-runner/src/b.ts', 'packages/db/src/tables/images.ts']],
  'table-owner: scheduler': [
    ['services/billing/src/store/b.ts', 'packages/db/src/tables/scheduler.ts'],
  ],
  'imports-resolve': [['services/billing/src/methods/g.ts', '../gone.js']],
}

/** Similar imports that are allowed. */
const allowed: [from: string, to: string][] = [
  ['packages/bus/src/hen.ts', 'packages/bus/src/egg.ts'],
  ['services/billing/src/store/c.ts', 'packages/db/src/tables/billing.ts'],
  ['services/billing/src/store/c.ts', 'kysely'],
  ['services/billing/src/store/c.ts', 'ioredis'],
  ['services/billing/src/main.ts', 'ioredis'],
  ['services/edge-api/src/gateway/relay/b.ts', 'undici'],
  ['services/edge-api/src/gateway/relay/b.ts', 'services/edge-api/src/gateway/relay/a.ts'],
  ['services/edge-api/src/run-request.ts', 'services/edge-api/src/usage/a.ts'],
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
  ['services/edge-api/src/store/d.contract.ts', 'services/edge-api/src/testing/sample-user.ts'],
]

interface Violation {
  rule: { name: string }
  from: string
  to: string
}

let folder: string
let found: string[]
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-import-rules-'))
  build(folder, [...Object.values(violations).flat(), ...allowed])
  found = cruise(folder).map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
}, DEPCRUISE_TIMEOUT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

describe('the import rules', () => {
  it.each(Object.keys(violations))('%s', (name) => {
    for (const [from, to] of violations[name] ?? []) {
      expect(found).toContain(`${name}: ${from} → ${to}`)
    }
  })

  it('report no allowed import', () => {
    const expected = Object.entries(violations).flatMap(([name, pairs]) =>
      pairs.map(([from, to]) => `${name}: ${from} → ${to}`),
    )
    // Drivers are not installed in the generated tree, so they are reported as unresolved, too.
    const resolved = found.filter((line) => !/^imports-resolve: .* → [a-z@][^.]*$/.test(line))
    expect(resolved.toSorted()).toEqual(expected.toSorted())
  })

  it('are all tested here', () => {
    const { forbidden } = createRequire(import.meta.url)(config)
    const names = forbidden.map((rule: { name: string }) => rule.name)
    expect(Object.keys(violations).toSorted()).toEqual(names.toSorted())
  })
})

/** Writes a source tree with the given imports, every other one as a type import. */
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
  const args = ['--config', config, '--output-type', 'json', 'packages', 'services', 'apps']
  const { stdout } = spawnSync(process.execPath, [program, ...args], {
    cwd: base,
    encoding: 'utf8',
    timeout: DEPCRUISE_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(stdout).summary.violations
}
