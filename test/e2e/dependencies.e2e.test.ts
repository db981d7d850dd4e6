import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import type { OwnServers } from '@sluice/testkit/own-servers'
import { startOwnServers } from '@sluice/testkit/own-servers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { startBalancer } from './dependencies/balancer.ts'
import { chats, expectCharged, underLoad, untilCaptured } from './dependencies/load.ts'
import { beginPicture, followPicture } from './dependencies/pictures.ts'
import { emptyLoad } from './dependencies/load-results.ts'
import { eventually } from './harness/context.ts'
import { queryDatabase } from './harness/ledger.ts'
import type { ProcessName, Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'

/** How long a dependency is unavailable. Longer in a campaign: DEPENDENCY_AWAY_MS=45000. */
const OUTAGE_MS = Number(process.env['DEPENDENCY_AWAY_MS'] ?? 2_000)
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Jobs of a runner that hangs with its NATS or PostgreSQL are requeued during the outage. */
const env = { SHUTDOWN_DELAY_MS: '500', RUNNER_LOST_AFTER_MS: '4000', RUNNER_HEARTBEAT_MS: '500' }
const billings = ['billing', 'billing-2'] as const

describe('in the distributed wiring, while callers chat and request pictures', () => {
  let simulator: OpenAiSimulator
  let servers: OwnServers
  let running: Running

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    servers = await startOwnServers()
    running = await distributed.start({
      upstreamUrl: simulator.url,
      upstreamKey: simulator.key,
      servers,
      env,
      secondBilling: true,
    })
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running.stop()
    await servers.stop()
    await simulator.close()
  })

  const all = (names: readonly ProcessName[], action: (name: ProcessName) => Promise<void>) =>
    Promise.all(names.map((name) => action(name)))

  test('a NATS that loses its data while both billings are down loses no charge', async () => {
    const context = { running, simulator }
    await untilCaptured(context, await chats(context, 20))
    simulator.script({ match: { promptIncludes: 'slow' }, times: null, latencyMs: 1_000 })
    const generating = emptyLoad()
    const request = { context, load: generating, prompt: 'slow' }
    const taskIds = [await beginPicture(request), await beginPicture(request)]
    await all(billings, running.kill)
    const load = await chats(context, 80)
    expect(load.delivered).toHaveLength(80)
    for (const taskId of taskIds) await followPicture(request, taskId ?? '')
    await servers.nats.kill()
    await servers.nats.start({ emptied: true })
    await all(billings, running.start)
    expect(generating.generated).toEqual(taskIds)
    await expectCharged(context, { ...generating, delivered: load.delivered })
    simulator.script([], { reset: true })
  })

  test('an edge-api killed while both billings are down charges after its restart', async () => {
    const context = { running, simulator }
    await untilCaptured(context, await chats(context, 20))
    await all(billings, running.kill)
    const load = await chats(context, 40)
    // Longer than the time whose records a killed edge-api may lose: the last 25 ms, and those being written.
    await sleep(500)
    await running.kill('edge-api')
    await all(billings, running.start)
    await running.start('edge-api')
    await expectCharged(context, load)
  })

  test.each(['nats', 'redis', 'postgres'] as const)(
    '%s frozen temporarily: what was delivered is charged once',
    async (kind) => {
      const context = { running, simulator }
      const load = await underLoad(context, async () => {
        await servers[kind].freeze()
        await sleep(OUTAGE_MS)
        await servers[kind].resume()
      })
      await expectCharged(context, load)
    },
  )

  test.each(['nats', 'redis'] as const)(
    '%s killed and restarted without its data: what was delivered is charged once',
    async (kind) => {
      const context = { running, simulator }
      const load = await underLoad(context, async () => {
        await servers[kind].kill()
        await sleep(OUTAGE_MS)
        await servers[kind].start({ emptied: true })
      })
      await expectCharged(context, load)
    },
  )

  test('PostgreSQL killed and restarted: what was delivered is charged once', async () => {
    const context = { running, simulator }
    const load = await underLoad(context, async () => {
      await servers.postgres.kill()
      await sleep(OUTAGE_MS)
      await servers.postgres.start()
    })
    await expectCharged(context, load)
  })

  test('PostgreSQL with all sessions terminated: what was delivered is charged once', async () => {
    const context = { running, simulator }
    const load = await underLoad(context, async () => {
      for (let time = 0; time < 5; time += 1) {
        await queryDatabase(
          context,
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()`,
        )
        await sleep(OUTAGE_MS / 5)
      }
    })
    await expectCharged(context, load)
  })

  const killed: Record<string, readonly ProcessName[]> = {
    'one of two billings': ['billing'],
    'both billings': billings,
    'the scheduler': ['scheduler'],
    'the image-runner': ['image-runner'],
    imgproxy: ['imgproxy'],
  }
  test.each(Object.entries(killed))(
    '%s killed and restarted: what was delivered is charged once',
    async (_, names) => {
      const context = { running, simulator }
      const load = await underLoad(context, async () => {
        await all(names, running.kill)
        await sleep(OUTAGE_MS)
        await all(names, running.start)
      })
      expect(load.failed).toEqual([])
      await expectCharged(context, load)
    },
  )

  test('a rolling restart of edge-api behind a load balancer fails no request', async () => {
    const context = { running, simulator }
    const edges = [running.baseUrl, running.otherBaseUrl ?? '']
    const balancer = await startBalancer(edges)
    try {
      const load = await underLoad(
        context,
        async () => {
          for (const edge of ['edge-api', 'edge-api-2'] as const) {
            await running.restart(edge)
            await eventually(async () => (balancer.ready().length === 2 ? true : undefined))
          }
        },
        { baseUrl: balancer.url },
      )
      expect([...load.failed, ...load.refused]).toEqual([])
      await expectCharged(context, load)
    } finally {
      await balancer.stop()
    }
  })
})
