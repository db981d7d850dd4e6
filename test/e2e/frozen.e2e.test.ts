import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import type { OwnServers } from '@sluice/testkit/own-servers'
import { startOwnServers } from '@sluice/testkit/own-servers'
import { freezeTree, resumeTree } from '@sluice/testkit/signal-tree'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { ADMIN_EMAIL, PASSWORD, signIn } from './auth-matrix/fixture.ts'
import type { Route, Known } from './frozen/request-everything.ts'
import { requestEverything, requestPictures, allOk } from './frozen/request-everything.ts'
import { checkLedger } from './harness/check-ledger.ts'
import { call, client, eventually } from './harness/context.ts'
import { queryDatabase } from './harness/ledger.ts'
import type { Running, ServiceName } from './harness/running.ts'
import { generateLink } from './scenarios/links.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

/** A short wait limit, so that an awaited picture without a runner is answered early. */
const env = { SYNC_WAIT_MS: '8000', ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD }
const unavailable = 503
const waitExceeded = 504

interface Fixture {
  running: Running
  simulator: OpenAiSimulator
  known: Known
}

async function prepare(running: Running, simulator: OpenAiSimulator): Promise<Fixture> {
  const context = { running, simulator }
  const link = await generateLink(context)
  const [job] = await queryDatabase<{ id: string }>(
    context,
    'select id from image_jobs order by created_at desc limit 1',
  )
  const session = await signIn(context, ADMIN_EMAIL)
  await client(context).chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'hello' }],
  })
  return { running, simulator, known: { taskId: job?.id ?? '', link: link.href, session } }
}

const untilAllWorks = (fixture: Fixture) =>
  eventually(async () => {
    const seen = await requestEverything(fixture, fixture.known)
    return Object.values(seen).every((status) => status === 200) ? seen : undefined
  }, 60_000)

/** While PostgreSQL is frozen, chat works from memory and everything else is refused. */
const withoutDatabase: Record<Route, number> = {
  chat: 200,
  models: 200,
  image: unavailable,
  task: unavailable,
  me: unavailable,
  login: unavailable,
}

async function databaseFrozen(
  fixture: Fixture,
  { freeze, resume }: { freeze: () => Promise<void>; resume: () => Promise<void> },
): Promise<{ jobs: number; open: number }> {
  await freeze()
  // All of this is answered while the database is frozen; it is resumed only afterwards.
  expect(await requestEverything(fixture, fixture.known)).toEqual(withoutDatabase)
  expect(new Set(await requestPictures(fixture))).toEqual(new Set([unavailable]))
  const ready = await call(fixture, '/ready')
  expect(ready.status).toBe(unavailable)
  await resume()
  await untilAllWorks(fixture)
  const jobs = await queryDatabase(
    fixture,
    `select 1 from image_jobs where request::text like '%refused%'`,
  )
  const open = () =>
    queryDatabase(fixture, `select 1 from holds where purpose = 'job' and state = 'open'`)
  // Wait until the pictures generated since then are settled.
  await eventually(async () => ((await open()).length === 0 ? true : undefined))
  return { jobs: jobs.length, open: (await open()).length }
}

const nothing = { jobs: 0, open: 0 }

describe('frozen dependencies in the embedded wiring', () => {
  let fixture: Fixture

  beforeAll(async () => {
    const simulator = await startOpenAiSimulator()
    const options = { upstreamUrl: simulator.url, upstreamKey: simulator.key, env }
    fixture = await prepare(await embedded.start(options), simulator)
  })
  afterEach(printOutputOnFailure(() => fixture?.running))
  afterAll(async () => {
    await fixture.running.stop()
    await fixture.simulator.close()
  })

  const postmaster = async () => {
    const folder = join(dirname(fixture.running.blobDir), 'postgres/data/postmaster.pid')
    return Number((await readFile(folder, 'utf8')).split('\n')[0])
  }

  test('requests to a frozen PostgreSQL are refused and open no hold, and work after it resumes', async () => {
    const pid = await postmaster()
    const server = { freeze: () => freezeTree(pid), resume: () => resumeTree(pid) }
    expect(await databaseFrozen(fixture, server)).toEqual(nothing)
  })

  test('a PostgreSQL that accepts no new connections blocks no request', async () => {
    const pid = await postmaster()
    process.kill(pid, 'SIGSTOP')
    const seen = await requestEverything(fixture, fixture.known)
    process.kill(pid, 'SIGCONT')
    // Requests with an open connection are served; the others are refused in time.
    for (const status of Object.values(seen)) expect([200, unavailable]).toContain(status)
    expect(seen.chat).toBe(200)
    await untilAllWorks(fixture)
  })

  test('a killed PostgreSQL is restarted, and the gateway keeps running', async () => {
    const gateway = fixture.running.pidOf('edge-api')
    process.kill(await postmaster(), 'SIGKILL')
    await untilAllWorks(fixture)
    expect(fixture.running.pidOf('edge-api')).toBe(gateway)
    expect((await call(fixture, '/ready')).status).toBe(200)
  })

  test('after all tests the ledger balances and verifies', async () => {
    expect(await checkLedger(fixture)).toEqual([])
  })
})

describe('frozen dependencies in the distributed wiring', () => {
  let servers: OwnServers
  let fixture: Fixture

  beforeAll(async () => {
    servers = await startOwnServers()
    const simulator = await startOpenAiSimulator()
    const options = { upstreamUrl: simulator.url, upstreamKey: simulator.key, env, servers }
    fixture = await prepare(await distributed.start(options), simulator)
  })
  afterEach(printOutputOnFailure(() => fixture?.running))
  afterAll(async () => {
    await fixture.running.stop()
    await fixture.simulator.close()
    await servers.stop()
  })

  test('requests to a frozen PostgreSQL are refused and open no hold, and work after it resumes', async () => {
    expect(await databaseFrozen(fixture, servers.postgres)).toEqual(nothing)
  })

  const expectedWhen: Record<'redis' | 'nats', Partial<Record<Route, number>>> = {
    // Jobs wait for a lease; each edge-api enforces limits by itself.
    redis: { image: waitExceeded },
    // No hold can be opened.
    nats: { image: unavailable },
  }
  test.each(['redis', 'nats'] as const)('a frozen %s blocks no request', async (kind) => {
    await servers[kind].freeze()
    const seen = await requestEverything(fixture, fixture.known)
    await servers[kind].resume()
    expect(seen).toEqual({ ...allOk, ...expectedWhen[kind] })
    await untilAllWorks(fixture)
  })

  const withoutService: Partial<Record<ServiceName, Partial<Record<Route, number>>>> = {
    billing: { image: unavailable },
    scheduler: { image: waitExceeded },
    'image-runner': { image: waitExceeded },
    imgproxy: {},
  }
  test.each(Object.entries(withoutService))('a frozen %s blocks no request', async (name, less) => {
    const pid = fixture.running.pidOf(name as ServiceName)
    process.kill(pid, 'SIGSTOP')
    const [seen, picture] = await Promise.all([
      requestEverything(fixture, fixture.known),
      fetch(fixture.known.link).then(({ status }) => status),
    ])
    process.kill(pid, 'SIGCONT')
    expect(seen).toEqual({ ...allOk, ...less })
    expect(picture).toBe(name === 'imgproxy' ? unavailable : 200)
    await untilAllWorks(fixture)
  })

  test('a frozen edge-api does not affect requests to the other replica', async () => {
    const { running } = fixture
    const other = { ...fixture, running: { ...running, baseUrl: running.otherBaseUrl ?? '' } }
    await untilAllWorks(other)
    process.kill(running.pidOf('edge-api'), 'SIGSTOP')
    const seen = await requestEverything(other, fixture.known)
    process.kill(running.pidOf('edge-api'), 'SIGCONT')
    expect(seen).toEqual(allOk)
    await untilAllWorks(fixture)
  })

  test('after all tests the ledger balances and verifies', async () => {
    expect(await checkLedger(fixture)).toEqual([])
  })
})

/** Prints the output of the processes when a test fails. */
function printOutputOnFailure(running: () => Running | undefined) {
  return ({ task }: { task: { result?: { state: string } } }) => {
    if (task.result?.state === 'fail')
      process.stderr.write(running()?.output().slice(-20_000) ?? '')
  }
}
