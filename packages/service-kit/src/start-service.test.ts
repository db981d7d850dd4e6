import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'
import { z } from 'zod'

import { serviceEnvironment } from './service-environment.ts'
import type { ServiceWiring } from './start-service.ts'
import { startService } from './start-service.ts'

const environment = z.object({
  ...serviceEnvironment({ port: 0, host: '127.0.0.1', drainMs: 1_000 }),
})
const line = z.object({ msg: z.string(), url: z.string().optional() })

/** Runs a service in this process; its signals and its exit are those of a fake host. */
function setUp(wire: () => Promise<ServiceWiring<object>>, variables = {}) {
  const events = new EventEmitter()
  const exit = Promise.withResolvers<number>()
  const lines: z.output<typeof line>[] = []
  const host = {
    on: (event: string, listener: (...facts: unknown[]) => void) => events.on(event, listener),
    exit: (code: number) => exit.resolve(code),
  }
  const destination = { write: (text: string) => void lines.push(line.parse(JSON.parse(text))) }
  const run = () =>
    startService({ name: 'test', environment, wire }, { variables, host, destination })
  const url = () => lines.find(({ msg }) => msg === 'listening')?.url ?? ''
  return { run, url, lines, exited: exit.promise, stop: () => events.emit('SIGTERM') }
}

test('the parts start in order before the server, and stop in reverse after it', async () => {
  const steps: string[] = []
  const part = (name: string) => ({
    name,
    start: async () => void steps.push(`${name} started`),
    stop: async () => void steps.push(`${name} stopped`),
  })
  const { run, url, exited, stop } = setUp(async () => ({
    checks: {},
    parts: [part('store'), part('module')],
    http: { beforeClose: () => void steps.push('server closes') },
  }))
  await run()
  expect(steps).toEqual(['store started', 'module started'])
  const health = await fetch(`${url()}/health`)
  expect(await health.json()).toEqual({ status: 'alive' })
  stop()
  expect(await exited).toBe(0)
  expect(steps.slice(2)).toEqual(['server closes', 'module stopped', 'store stopped'])
  await expect(fetch(`${url()}/health`)).rejects.toThrow('fetch failed')
})

test('/ready fails while a check of the service fails', async () => {
  let reason: string | undefined = 'no database'
  const { run, url, exited, stop } = setUp(async () => ({
    checks: {
      database: async () => {
        if (reason !== undefined) throw new Error(reason)
      },
    },
    parts: [],
  }))
  await run()
  const ready = async () => (await fetch(`${url()}/ready`)).status
  expect(await ready()).toBe(503)
  reason = undefined
  expect(await ready()).toBe(200)
  stop()
  await exited
})

test('routes of the service are served beside the health routes', async () => {
  const { run, url, exited, stop } = setUp(async () => ({
    checks: {},
    parts: [],
    app: (health) => health.get('/picture', (context) => context.text('a picture')),
  }))
  await run()
  expect(await (await fetch(`${url()}/picture`)).text()).toBe('a picture')
  expect((await fetch(`${url()}/metrics`)).status).toBe(200)
  stop()
  await exited
})

test('a service that cannot connect logs the cause and ends with 1', async () => {
  const { run, lines, exited } = setUp(() => Promise.reject(new Error('NATS refused')))
  await run()
  expect(await exited).toBe(1)
  expect(lines.map(({ msg }) => msg)).toContain('could not start')
})

test('a signal while the service connects ends it without starting its parts', async () => {
  const connected = Promise.withResolvers<undefined>()
  let isStarted = false
  const { run, lines, exited, stop } = setUp(async () => {
    await connected.promise
    return { checks: {}, parts: [{ name: 'module', start: async () => void (isStarted = true) }] }
  })
  const running = run()
  stop()
  expect(await exited).toBe(0)
  connected.resolve(undefined)
  await running
  expect(isStarted).toBe(false)
  expect(lines.map(({ msg }) => msg)).not.toContain('listening')
})

test('an invalid environment is refused before anything is opened', async () => {
  const { run } = setUp(() => Promise.reject(new Error('wired')), { PORT: 'eighty' })
  await expect(run()).rejects.toThrow('PORT must be a whole number')
})
