import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { readConfig } from '../../packages/service-kit/src/read-config.ts'
import { composeErrors, hasCompose } from './compose-errors.ts'
import { requiredVariables, namesOf, processes } from './processes.ts'
import type { ComposeService } from './read-compose.ts'
import { referencedVariables, composeText, readCompose, root } from './read-compose.ts'
import { imageEnvironment, inImage } from './read-dockerfile.ts'

const variables = requiredVariables()
const { services, networks, volumes } = readCompose(variables)
const ours = Object.keys(processes)
const PUBLIC = 'edge-api'

function serviceOf(name: string): ComposeService {
  const service = services[name]
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}

const schemaOf = (name: string) =>
  processes[name] ?? expect.fail(`no configuration schema for ${name}`)
const environmentOf = (name: string) => ({
  ...imageEnvironment(),
  ...serviceOf(name).environment,
})
const settingsOf = (name: string) => readConfig(schemaOf(name), environmentOf(name))
const secondsOf = (duration: string) => Number.parseInt(duration, 10)

describe('the file', () => {
  it('starts every service, each from a file that exists', () => {
    const folders = readdirSync(join(root, 'services'))
    expect(ours.toSorted()).toEqual(['dashboard', 'setup', ...folders].toSorted())
    const started = ours.map((name) => {
      const { entrypoint = [], command = [] } = serviceOf(name)
      return [...entrypoint, ...command]
    })
    expect(started).toContainEqual(['node', 'apps/standalone/src/cli.ts', 'setup'])
    expect(started).toContainEqual(['node', 'apps/dashboard/serve/main.ts'])
    for (const folder of folders) {
      expect(started).toContainEqual(['node', `services/${folder}/src/main.ts`])
    }
    const files = started.map(([, file = '']) => file)
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  it('runs all of our processes from one image', () => {
    for (const name of ours) {
      expect(serviceOf(name).build?.dockerfile).toBe('infra/docker/service.Dockerfile')
      expect(serviceOf(name).image).toBe(serviceOf('setup').image)
    }
  })

  it('is accepted by compose, and has no top-level name, which old versions refuse', () => {
    expect(composeText).not.toMatch(/^name:/m)
    expect(composeErrors(variables)).toBeUndefined()
  })
})

describe('the environment of a process', () => {
  it.each(ours)('of %s has no variable that it does not read', (name) => {
    const known = namesOf(schemaOf(name))
    const given = Object.keys(serviceOf(name).environment)
    expect(given.filter((variable) => !known.includes(variable))).toEqual([])
  })

  it.each(ours)('of %s is valid when .env contains the required variables only', (name) => {
    expect(() => settingsOf(name)).not.toThrow()
  })

  it.each(ours)(
    'of %s contains every variable that it reads, from .env or docker-compose.yml',
    (name) => {
      const given = Object.keys(environmentOf(name))
      const missing = namesOf(schemaOf(name)).filter((variable) => !given.includes(variable))
      // CRASH_AT is refused in production; DRAIN_MS is tied to stop_grace_period.
      const omitted = ['CRASH_AT', 'DRAIN_MS', ...(name === 'setup' ? givenToServices() : [])]
      expect(missing.filter((variable) => !omitted.includes(variable))).toEqual([])
    },
  )

  it.each(referencedVariables().required)(
    'without %s compose fails with an error that names it',
    (name) => {
      const without = { ...variables, [name]: '' }
      expect(() => readCompose(without)).toThrow(name)
      expect(composeErrors(without) !== undefined).toBe(hasCompose)
    },
  )

  it('requires every secret, and the origin of the links', () => {
    expect(referencedVariables().required.toSorted()).toEqual(Object.keys(variables).toSorted())
  })
})

// The operator's commands share their settings with embedded mode; in compose some are settings of the
// services.
const givenToServices = () =>
  ours.flatMap((name) => (name === 'setup' ? [] : Object.keys(serviceOf(name).environment)))

describe('names and addresses', () => {
  it.each(ours)('of services called by %s match their host names and ports', (name) => {
    const ports: Record<string, number> = { postgres: 5432, redis: 6379, nats: 4222 }
    const urls = Object.entries(serviceOf(name).environment)
      .filter(
        ([variable]) => variable.endsWith('_URL') && !/^(PUBLIC|OPENAI)_BASE_URL$/.test(variable),
      )
      .flatMap(([, value]) => (value === '' ? [] : [new URL(value)]))
    for (const { hostname, port } of urls) {
      const listening = ports[hostname] ?? settingsOf(hostname)['PORT']
      expect([hostname, Number(port)]).toEqual([hostname, listening])
      const shared = serviceOf(hostname).networks.filter((network) =>
        serviceOf(name).networks.includes(network),
      )
      expect(shared).not.toEqual([])
    }
  })

  it('of the database match the user, password and name that it is created with', () => {
    const { environment } = serviceOf('postgres')
    const url = new URL(serviceOf('billing').environment['DATABASE_URL'] ?? '')
    expect([url.username, url.password, url.pathname.slice(1)]).toEqual([
      environment['POSTGRES_USER'],
      environment['POSTGRES_PASSWORD'],
      environment['POSTGRES_DB'],
    ])
  })

  it('of volumes and networks exist, and none is unused', () => {
    const all = Object.values(services)
    const mounted = all.flatMap((service) => service.volumes.map((line) => line.split(':')[0]))
    expect(new Set(mounted)).toEqual(new Set(Object.keys(volumes)))
    expect(new Set(all.flatMap((service) => service.networks))).toEqual(
      new Set(Object.keys(networks)),
    )
  })

  it('of blobs and spool are volumes whose folders the image gives to its user', () => {
    const made = inImage('RUN').flatMap((args) => args.match(/\/var\/lib\/\S+/g) ?? [])
    for (const name of ours) {
      const targets = serviceOf(name).volumes.map((line) => line.split(':')[1] ?? '')
      const folders = ['BLOB_DIR', 'USAGE_SPOOL_DIR'].flatMap(
        (variable) => serviceOf(name).environment[variable] ?? [],
      )
      expect(targets.toSorted()).toEqual(folders.toSorted())
      expect(targets.filter((target) => !made.includes(target))).toEqual([])
    }
  })

  it('of the picture folder are the same in the three services that store or serve pictures', () => {
    const line = 'blobs:/var/lib/sluice/blobs'
    const holders = ours.filter((name) => serviceOf(name).volumes.includes(line))
    expect(holders).toEqual(['edge-api', 'image-runner', 'imgproxy'])
  })
})

describe('network access', () => {
  it('from outside is the public port only, bound to loopback unless SLUICE_BIND is set', () => {
    const ports = Object.entries(services).flatMap(([name, service]) =>
      service.ports.map((port) => [name, port]),
    )
    expect(ports).toEqual([[PUBLIC, `127.0.0.1:8080:${settingsOf(PUBLIC)['PORT']}`]])
    const open = readCompose({ ...variables, SLUICE_BIND: '0.0.0.0', PORT: '80' })
    expect(open.services[PUBLIC]?.ports).toEqual(['0.0.0.0:80:8080'])
  })

  it('to the outside is given only to services that use packages/egress', () => {
    const usesEgress = (folder: string) =>
      readFileSync(join(root, folder, 'package.json'), 'utf8').includes('"@sluice/egress"')
    const folderOf: Record<string, string> = { setup: 'standalone', dashboard: 'dashboard' }
    const expected = ours.filter((name) =>
      usesEgress(name in folderOf ? `apps/${folderOf[name]}` : `services/${name}`),
    )
    const external = Object.keys(networks).filter((name) => !networks[name]?.internal)
    const out = Object.entries(services).filter(([, service]) =>
      service.networks.some((network) => external.includes(network)),
    )
    expect(out.map(([name]) => name)).toEqual(expected)
  })

  it('comes with no capabilities and a read-only root file system', () => {
    for (const name of ours) {
      expect(serviceOf(name)).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
    }
  })
})

describe('starting and stopping', () => {
  it('depends on services that exist and can reach the required condition', () => {
    for (const { depends_on: dependencies } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(dependencies)) {
        const { restart, healthcheck, build } = serviceOf(name)
        const ends = restart === 'no'
        const checked = healthcheck ? !('disable' in healthcheck) : build !== undefined
        const possible = { service_started: true, service_healthy: checked }
        expect({ ...possible, service_completed_successfully: ends }[condition], name).toBe(true)
      }
    }
  })

  it('waits for the migrated database, and setup waits for a healthy one', () => {
    const condition = (name: string, other: string) => serviceOf(name).depends_on[other]?.condition
    expect(condition('setup', 'postgres')).toBe('service_healthy')
    for (const name of ours.filter((one) => one !== 'setup')) {
      expect(condition(name, 'setup')).toBe('service_completed_successfully')
    }
  })

  it('serves the API also without the panel, the only optional dependency', () => {
    const started = ours.flatMap((name) =>
      Object.entries(serviceOf(name).depends_on)
        .filter(([, { condition }]) => condition === 'service_started')
        .map(([other]) => `${name} ${other}`),
    )
    expect(started).toEqual([`${PUBLIC} dashboard`])
  })

  it('starts the public service last and stops it first', () => {
    const behind = ours.filter((name) => name !== PUBLIC)
    expect(Object.keys(serviceOf(PUBLIC).depends_on)).toEqual(expect.arrayContaining(behind))
  })

  it.each(ours.filter((name) => name !== 'setup'))(
    'has a longer grace period for %s than its drain time',
    (name) => {
      const drainMs = Number(settingsOf(name)['DRAIN_MS'])
      expect(drainMs).toBeGreaterThan(0)
      expect(secondsOf(serviceOf(name).stop_grace_period) * 1_000).toBeGreaterThan(drainMs)
    },
  )

  it('restarts every service after a crash except setup, which exits by itself', () => {
    const once = Object.keys(services).filter((name) => serviceOf(name).restart === 'no')
    expect(once).toEqual(['setup'])
  })
})
