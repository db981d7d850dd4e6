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
import { requestEverything, requestPictures, works } from './frozen/request-everything.ts'
import { checkBooks } from './harness/check-books.ts'
import { call, client, eventually } from './harness/context.ts'
import { queryDatabase } from './harness/ledger.ts'
import type { Running, ServiceName } from './harness/running.ts'
import { generateLink } from './scenarios/links.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

/** How long an awaited picture may take, so that one without a runner is told of soon. */
const env = { SYNC_WAIT_MS: '8000', ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD }
const away = 503
const tooLate = 504

interface Scene {
  running: Running
  simulator: OpenAiSimulator
  known: Known
}

async function prepare(running: Running, simulator: OpenAiSimulator): Promise<Scene> {
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

const untilAllWorks = (scene: Scene) =>
  eventually(async () => {
    const seen = await requestEverything(scene, scene.known)
    return Object.values(seen).every((status) => status === 200) ? seen : undefined
  }, 60_000)

/** What a frozen PostgreSQL leaves: chat from memory, and everything else is refused. */
const withoutDatabase: Record<Route, number> = {
  chat: 200,
  models: 200,
  image: away,
  task: away,
  me: away,
  login: away,
}

async function databaseFrozen(
  scene: Scene,
  { freeze, resume }: { freeze: () => Promise<void>; resume: () => Promise<void> },
): Promise<{ jobs: number; open: number }> {
  await freeze()
  // All of this is answered while the database is frozen: it wakes only afterwards.
  expect(await requestEverything(scene, scene.known)).toEqual(withoutDatabase)
  expect(new Set(await requestPictures(scene))).toEqual(new Set([away]))
  const ready = await call(scene, '/ready')
  expect(ready.status).toBe(away)
  await resume()
  await untilAllWorks(scene)
  const jobs = await queryDatabase(
    scene,
    `select 1 from image_jobs where request::text like '%refused%'`,
  )
  const open = () =>
    queryDatabase(scene, `select 1 from holds where purpose = 'job' and state = 'open'`)
  // The pictures that were made since are settled first.
  await eventually(async () => ((await open()).length === 0 ? true : undefined))
  return { jobs: jobs.length, open: (await open()).length }
}

const nothing = { jobs: 0, open: 0 }

describe('parts that hang, in the embedded wiring', () => {
  let scene: Scene

  beforeAll(async () => {
    const simulator = await startOpenAiSimulator()
    const options = { upstreamUrl: simulator.url, upstreamKey: simulator.key, env }
    scene = await prepare(await embedded.start(options), simulator)
  })
  afterEach(tellOutput(() => scene?.running))
  afterAll(async () => {
    await scene.running.stop()
    await scene.simulator.close()
  })

  const postmaster = async () => {
    const folder = join(dirname(scene.running.blobDir), 'postgres/data/postmaster.pid')
    return Number((await readFile(folder, 'utf8')).split('\n')[0])
  }

  test('a frozen PostgreSQL is away for everybody, holds nothing, and works again when it wakes', async () => {
    const pid = await postmaster()
    const server = { freeze: () => freezeTree(pid), resume: () => resumeTree(pid) }
    expect(await databaseFrozen(scene, server)).toEqual(nothing)
  })

  test('a PostgreSQL that takes no new connections keeps nobody waiting', async () => {
    const pid = await postmaster()
    process.kill(pid, 'SIGSTOP')
    const seen = await requestEverything(scene, scene.known)
    process.kill(pid, 'SIGCONT')
    // Connections that are open are served; who finds none is refused in time.
    for (const status of Object.values(seen)) expect([200, away]).toContain(status)
    expect(seen.chat).toBe(200)
    await untilAllWorks(scene)
  })

  test('a PostgreSQL that was killed is started again, and the gateway never ends', async () => {
    const gateway = scene.running.pidOf('edge-api')
    process.kill(await postmaster(), 'SIGKILL')
    await untilAllWorks(scene)
    expect(scene.running.pidOf('edge-api')).toBe(gateway)
    expect((await call(scene, '/ready')).status).toBe(200)
  })

  test('after all of it the books balance and verify', async () => {
    expect(await checkBooks(scene)).toEqual([])
  })
})

describe('parts that hang, in the distributed wiring', () => {
  let servers: OwnServers
  let scene: Scene

  beforeAll(async () => {
    servers = await startOwnServers()
    const simulator = await startOpenAiSimulator()
    const options = { upstreamUrl: simulator.url, upstreamKey: simulator.key, env, servers }
    scene = await prepare(await distributed.start(options), simulator)
  })
  afterEach(tellOutput(() => scene?.running))
  afterAll(async () => {
    await scene.running.stop()
    await scene.simulator.close()
    await servers.stop()
  })

  test('a frozen PostgreSQL is away for everybody, holds nothing, and works again when it wakes', async () => {
    expect(await databaseFrozen(scene, servers.postgres)).toEqual(nothing)
  })

  const lessWhen: Record<'redis' | 'nats', Partial<Record<Route, number>>> = {
    // Jobs wait for a lease; limits are granted by each edge.
    redis: { image: tooLate },
    // No hold can be opened.
    nats: { image: away },
  }
  test.each(['redis', 'nats'] as const)('a frozen %s keeps nobody waiting', async (kind) => {
    await servers[kind].freeze()
    const seen = await requestEverything(scene, scene.known)
    await servers[kind].resume()
    expect(seen).toEqual({ ...works, ...lessWhen[kind] })
    await untilAllWorks(scene)
  })

  const withoutService: Partial<Record<ServiceName, Partial<Record<Route, number>>>> = {
    billing: { image: away },
    scheduler: { image: tooLate },
    'image-runner': { image: tooLate },
    imgproxy: {},
  }
  test.each(Object.entries(withoutService))(
    'a frozen %s keeps nobody waiting',
    async (name, less) => {
      const pid = scene.running.pidOf(name as ServiceName)
      process.kill(pid, 'SIGSTOP')
      const [seen, picture] = await Promise.all([
        requestEverything(scene, scene.known),
        fetch(scene.known.link).then(({ status }) => status),
      ])
      process.kill(pid, 'SIGCONT')
      expect(seen).toEqual({ ...works, ...less })
      expect(picture).toBe(name === 'imgproxy' ? away : 200)
      await untilAllWorks(scene)
    },
  )

  test('a frozen edge-api keeps nobody waiting who asks the other one', async () => {
    const { running } = scene
    const other = { ...scene, running: { ...running, baseUrl: running.otherBaseUrl ?? '' } }
    await untilAllWorks(other)
    process.kill(running.pidOf('edge-api'), 'SIGSTOP')
    const seen = await requestEverything(other, scene.known)
    process.kill(running.pidOf('edge-api'), 'SIGCONT')
    expect(seen).toEqual(works)
    await untilAllWorks(scene)
  })

  test('after all of it the books balance and verify', async () => {
    expect(await checkBooks(scene)).toEqual([])
  })
})

/** The programs' own words belong to a failure. */
function tellOutput(running: () => Running | undefined) {
  return ({ task }: { task: { result?: { state: string } } }) => {
    if (task.result?.state === 'fail')
      process.stderr.write(running()?.output().slice(-20_000) ?? '')
  }
}
