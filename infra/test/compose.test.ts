import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { readConfig } from '../../packages/service-kit/src/read-config.ts'
import { complaintOfCompose, hasCompose } from './ask-compose.ts'
import { leastVariables, namesOf, processes } from './processes.ts'
import type { ComposeService } from './read-compose.ts'
import { referencedVariables, composeText, readCompose, root } from './read-compose.ts'
import { imageEnvironment, inImage } from './read-dockerfile.ts'

const variables = leastVariables()
const { services, networks, volumes } = readCompose(variables)
const ours = Object.keys(processes)
const FRONT = 'edge-api'

function serviceOf(name: string): ComposeService {
  const service = services[name]
  if (!service) throw new Error(`compose starts no ${name}`)
  return service
}

const schemaOf = (name: string) => processes[name] ?? expect.fail(`nothing is known of ${name}`)
const environmentOf = (name: string) => ({
  ...imageEnvironment(),
  ...serviceOf(name).environment,
})
const settingsOf = (name: string) => readConfig(schemaOf(name), environmentOf(name))
const secondsOf = (duration: string) => Number.parseInt(duration, 10)

describe('the file', () => {
  it('starts every service of the house, each from a file that exists', () => {
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

  it('runs every process of ours from the one image of the house', () => {
    for (const name of ours) {
      expect(serviceOf(name).build?.dockerfile).toBe('infra/docker/service.Dockerfile')
      expect(serviceOf(name).image).toBe(serviceOf('setup').image)
    }
  })

  it('is taken by compose, and by compose of any age: it has no name at its top', () => {
    expect(composeText).not.toMatch(/^name:/m)
    expect(complaintOfCompose(variables)).toBeUndefined()
  })
})

describe('what a process is told', () => {
  it.each(ours)('%s gets no variable that it does not read', (name) => {
    const known = namesOf(schemaOf(name))
    const given = Object.keys(serviceOf(name).environment)
    expect(given.filter((variable) => !known.includes(variable))).toEqual([])
  })

  it.each(ours)('%s starts with what it gets when .env holds the required lines only', (name) => {
    expect(() => settingsOf(name)).not.toThrow()
  })

  it.each(ours)('whatever %s reads can be set in .env, or is the matter of compose', (name) => {
    const given = Object.keys(environmentOf(name))
    const left = namesOf(schemaOf(name)).filter((variable) => !given.includes(variable))
    // Refused in production; tied to stop_grace_period.
    const onPurpose = ['CRASH_AT', 'DRAIN_MS', ...(name === 'setup' ? givenToServices() : [])]
    expect(left.filter((variable) => !onPurpose.includes(variable))).toEqual([])
  })

  it.each(referencedVariables().required)(
    'without %s compose refuses, and says its name',
    (name) => {
      const without = { ...variables, [name]: '' }
      expect(() => readCompose(without)).toThrow(name)
      expect(complaintOfCompose(without) !== undefined).toBe(hasCompose)
    },
  )

  it('asks for every secret, and for the address of the links', () => {
    expect(referencedVariables().required.toSorted()).toEqual(Object.keys(variables).toSorted())
  })
})

// The operator's commands share their settings with embedded mode; beside five services some are the services'.
const givenToServices = () =>
  ours.flatMap((name) => (name === 'setup' ? [] : Object.keys(serviceOf(name).environment)))

describe('the places that it names', () => {
  it.each(ours)('%s calls services by the names and ports under which they listen', (name) => {
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

  it('calls the database by the user, password and name that it was made with', () => {
    const { environment } = serviceOf('postgres')
    const url = new URL(serviceOf('billing').environment['DATABASE_URL'] ?? '')
    expect([url.username, url.password, url.pathname.slice(1)]).toEqual([
      environment['POSTGRES_USER'],
      environment['POSTGRES_PASSWORD'],
      environment['POSTGRES_DB'],
    ])
  })

  it('mounts volumes and joins networks that exist, and leaves none unused', () => {
    const all = Object.values(services)
    const mounted = all.flatMap((service) => service.volumes.map((line) => line.split(':')[0]))
    expect(new Set(mounted)).toEqual(new Set(Object.keys(volumes)))
    expect(new Set(all.flatMap((service) => service.networks))).toEqual(
      new Set(Object.keys(networks)),
    )
  })

  it('keeps blobs and the spool in volumes whose folders the image gives to its user', () => {
    const made = inImage('RUN').flatMap((words) => words.match(/\/var\/lib\/\S+/g) ?? [])
    for (const name of ours) {
      const targets = serviceOf(name).volumes.map((line) => line.split(':')[1] ?? '')
      const kept = ['BLOB_DIR', 'USAGE_SPOOL_DIR'].flatMap(
        (variable) => serviceOf(name).environment[variable] ?? [],
      )
      expect(targets.toSorted()).toEqual(kept.toSorted())
      expect(targets.filter((target) => !made.includes(target))).toEqual([])
    }
  })

  it('gives the three services that keep or serve pictures the same folder', () => {
    const line = 'blobs:/var/lib/sluice/blobs'
    const holders = ours.filter((name) => serviceOf(name).volumes.includes(line))
    expect(holders).toEqual(['edge-api', 'image-runner', 'imgproxy'])
  })
})

describe('who may come in and go out', () => {
  it('publishes the front port only, and on this host only unless SLUICE_BIND says otherwise', () => {
    const ports = Object.entries(services).flatMap(([name, service]) =>
      service.ports.map((port) => [name, port]),
    )
    expect(ports).toEqual([[FRONT, `127.0.0.1:8080:${settingsOf(FRONT)['PORT']}`]])
    const open = readCompose({ ...variables, SLUICE_BIND: '0.0.0.0', PORT: '80' })
    expect(open.services[FRONT]?.ports).toEqual(['0.0.0.0:80:8080'])
  })

  it('lets out only those whose code goes out through egress', () => {
    const goesOut = (folder: string) =>
      readFileSync(join(root, folder, 'package.json'), 'utf8').includes('"@sluice/egress"')
    const folderOf: Record<string, string> = { setup: 'standalone', dashboard: 'dashboard' }
    const expected = ours.filter((name) =>
      goesOut(name in folderOf ? `apps/${folderOf[name]}` : `services/${name}`),
    )
    const way = Object.keys(networks).filter((name) => !networks[name]?.internal)
    const out = Object.entries(services).filter(([, service]) =>
      service.networks.some((network) => way.includes(network)),
    )
    expect(out.map(([name]) => name)).toEqual(expected)
  })

  it('gives no process of ours a capability, or a disk to write on but its volumes', () => {
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
  it('waits for things that exist and can become what is waited for', () => {
    for (const { depends_on: dependencies } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(dependencies)) {
        const { restart, healthcheck, build } = serviceOf(name)
        const ends = restart === 'no'
        const checked = healthcheck ? !('disable' in healthcheck) : build !== undefined
        const held = { service_started: true, service_healthy: checked }
        expect({ ...held, service_completed_successfully: ends }[condition], name).toBe(true)
      }
    }
  })

  it('lets nobody start before the database is migrated, and setup not before there is one', () => {
    const condition = (name: string, other: string) => serviceOf(name).depends_on[other]?.condition
    expect(condition('setup', 'postgres')).toBe('service_healthy')
    for (const name of ours.filter((one) => one !== 'setup')) {
      expect(condition(name, 'setup')).toBe('service_completed_successfully')
    }
  })

  it('lets callers of the API in also when no page can be shown, and for nobody else', () => {
    const started = ours.flatMap((name) =>
      Object.entries(serviceOf(name).depends_on)
        .filter(([, { condition }]) => condition === 'service_started')
        .map(([other]) => `${name} ${other}`),
    )
    expect(started).toEqual([`${FRONT} dashboard`])
  })

  it('opens the door last and shuts it first, so that nobody finds an empty house', () => {
    const behind = ours.filter((name) => name !== FRONT)
    expect(Object.keys(serviceOf(FRONT).depends_on)).toEqual(expect.arrayContaining(behind))
  })

  it.each(ours.filter((name) => name !== 'setup'))('waits longer for %s than it drains', (name) => {
    const drainMs = Number(settingsOf(name)['DRAIN_MS'])
    expect(drainMs).toBeGreaterThan(0)
    expect(secondsOf(serviceOf(name).stop_grace_period) * 1_000).toBeGreaterThan(drainMs)
  })

  it('brings everything back after a crash, but for setup, which ends by itself', () => {
    const once = Object.keys(services).filter((name) => serviceOf(name).restart === 'no')
    expect(once).toEqual(['setup'])
  })
})
