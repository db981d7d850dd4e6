import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Child } from '../harness/child.ts'
import { freePort, runToEnd, startChild, untilReady } from '../harness/child.ts'
import { dropDatabase, freshDatabase, serverUrls } from '../harness/servers.ts'
import type { ProcessName as Name, Running, Wiring, WiringOptions } from '../harness/running.ts'

const CLI = 'apps/standalone/src/cli.ts'
const FIRST_KEY = 'sk-sluice-first-key-of-the-scenarios'

// In the order of their dependencies; a second edge-api tests that replicas agree.
const names = [
  'scheduler',
  'billing',
  'billing-2',
  'imgproxy',
  'image-runner',
  'dashboard',
  'edge-api',
  'edge-api-2',
] as const
type ProcessName = (typeof names)[number]

/** Five services with PostgreSQL, Redis and NATS, edge-api twice; optionally billing twice and the panel. */
export const distributed: Wiring = {
  name: 'distributed',
  start: async (options) => {
    const database = await freshDatabase({ server: options.servers?.postgres.url })
    const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'))
    const ports = new Map<ProcessName, number>()
    for (const name of names) ports.set(name, await freePort())
    const urlOf = (name: ProcessName) => `http://127.0.0.1:${ports.get(name)}`
    const shared = environment({ options, databaseUrl: database.url, folder, urlOf })
    const sluiceWith = (extra: Record<string, string>, ...args: string[]) => {
      const env = { ...shared, ...firstStart(options), ...extra }
      return runToEnd({ name: 'sluice', script: CLI, args, env })
    }
    const sluice = (...args: string[]) => sluiceWith({}, ...args)
    await sluice('setup')

    const processes = new Map<ProcessName, Child>()
    const past: Child[] = []
    const run = async (name: ProcessName, extra: Record<string, string> = {}) => {
      const before = processes.get(name)
      if (before) past.push(before)
      const env = {
        ...shared,
        PORT: String(ports.get(name)),
        USAGE_SPOOL_DIR: join(folder, `spool-${name}`),
        ...extra,
      }
      const child = startChild({ name, script: scriptOf(name), env, cpu: options.cpuOf?.(name) })
      processes.set(name, child)
      await untilReady(child, urlOf(name))
    }
    const isStarted: Partial<Record<ProcessName, boolean | undefined>> = {
      dashboard: options.panel,
      'billing-2': options.secondBilling,
    }
    const started = names.filter((name) => !(name in isStarted) || isStarted[name])
    await Promise.all(started.map((name) => run(name)))

    const childOf = (service: Name) => {
      const child = processes.get(service)
      if (!child) throw new Error(`${service} was never started`)
      return child
    }
    return {
      wiring: 'distributed',
      baseUrl: urlOf('edge-api'),
      otherBaseUrl: urlOf('edge-api-2'),
      apiKey: FIRST_KEY,
      databaseUrl: database.url,
      blobDir: shared['BLOB_DIR'] ?? '',
      sluice,
      sluiceWith,
      pidOf: (service) => childOf(service).pid,
      kill: (service) => childOf(service).kill(),
      restart: async (name) => {
        await processes.get(name)?.stop()
        await run(name)
      },
      start: (service, extra) => run(service, extra),
      ended: (service) => childOf(service).ended(),
      output: () =>
        [...past, ...processes.values()].map((one) => `${one.name}:\n${one.output()}`).join('\n'),
      stop: async () => {
        // The gateways first, so that their running requests can reach the other services.
        for (const name of names.toReversed()) await processes.get(name)?.stop()
        await dropDatabase(database)
        await rm(folder, { recursive: true, force: true })
      },
    } satisfies Running
  },
}

const scriptOf = (name: ProcessName) =>
  name === 'dashboard'
    ? 'apps/dashboard/serve/main.ts'
    : `services/${name.replace('-2', '')}/src/main.ts`

function environment(spec: {
  options: WiringOptions
  databaseUrl: string
  folder: string
  urlOf: (name: ProcessName) => string
}): Record<string, string> {
  const key = () => randomBytes(32).toString('base64')
  const { servers } = spec.options
  const { redisUrl, natsUrl } = servers
    ? { redisUrl: servers.redis.url, natsUrl: servers.nats.url }
    : serverUrls()
  return {
    DATABASE_URL: spec.databaseUrl,
    REDIS_URL: redisUrl,
    NATS_URL: natsUrl,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    // Only some scenarios have a load balancer that checks /ready; they set the delay themselves.
    SHUTDOWN_DELAY_MS: '0',
    PUBLIC_BASE_URL: spec.urlOf('edge-api'),
    IMGPROXY_URL: spec.urlOf('imgproxy'),
    ...(spec.options.panel && { DASHBOARD_URL: spec.urlOf('dashboard') }),
    API_URL: spec.urlOf('edge-api'),
    SEALING_KEYS: `k1:${key()}`,
    SIGNING_KEYS: `k1:${key()}`,
    API_KEY_PEPPER: key(),
    BLOB_DIR: join(spec.folder, 'blobs'),
    EDGE_REPLICAS: '2',
    ...spec.options.env,
  }
}

const firstStart = (options: WiringOptions) => ({
  SLUICE_FIRST_API_KEY: FIRST_KEY,
  SLUICE_STARTING_CREDITS: '100000',
  OPENAI_API_KEY: options.upstreamKey,
  OPENAI_BASE_URL: `${options.upstreamUrl}/v1`,
})
