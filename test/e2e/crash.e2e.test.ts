import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { isLongRun } from '@sluice/testkit/long-run'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { checkLedger } from './harness/check-ledger.ts'
import { EndedWhileStarting } from './harness/child.ts'
import { crashPoints } from './harness/crash-points.ts'
import type { Sent } from './harness/history.ts'
import { requestAgain, requestOnce, untilEnded } from './harness/history.ts'
import { queryDatabase } from './harness/ledger.ts'
import type { Running, ServiceName } from './harness/running.ts'
import { generateLink } from './scenarios/links.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

const KILLS_PER_POINT = isLongRun ? 5 : 1
const JOBS_PER_KILL = 2

/**
 * Starts a process that will be killed at a crash point. Leftover work may reach the point already during the
 * start, which is accepted. Any other end during the start is an error.
 */
async function startWithCrashPoint(
  running: Running,
  { service, crashAt }: { service: ServiceName; crashAt: string },
): Promise<void> {
  try {
    await running.start(service, { CRASH_AT: crashAt })
  } catch (error) {
    if (!(error instanceof EndedWhileStarting && error.signal === 'SIGKILL')) throw error
  }
}

describe.each([embedded, distributed])('kill -9 in the $name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running
  const history: Sent[] = []

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    const env = { RUNNER_LOST_AFTER_MS: '2000', RUNNER_HEARTBEAT_MS: '500' }
    running = await wiring.start({ upstreamUrl: simulator.url, upstreamKey: simulator.key, env })
  })
  afterAll(async () => {
    await running.stop()
    await simulator.close()
  })

  test.each(crashPoints)(
    'a process killed at $point loses no job and charges none twice',
    async ({ point, service }) => {
      const context = { running, simulator }
      for (let kill = 1; kill <= KILLS_PER_POINT; kill += 1) {
        await running.kill(service)
        await startWithCrashPoint(running, { service, crashAt: `${point}:1` })
        const jobs = Array.from({ length: JOBS_PER_KILL }, (_, job) => `${point}-${kill}-${job}`)
        const sent = await Promise.all(jobs.map((key) => requestOnce(context, key)))
        await running.ended(service)
        await running.start(service)
        for (const one of sent) {
          const task = await requestAgain(context, one)
          // An id in the first answer is the id of the same job.
          expect([task, undefined]).toContain(one.task)
          expect(await untilEnded(context, task)).toBe('done')
          history.push({ ...one, task })
        }
      }
    },
    300_000,
  )

  test('imgproxy killed while it serves a picture serves it after the restart', async () => {
    const context = { running, simulator }
    const link = await generateLink(context)
    for (let kill = 1; kill <= KILLS_PER_POINT; kill += 1) {
      await running.kill('imgproxy')
      await startWithCrashPoint(running, {
        service: 'imgproxy',
        crashAt: 'imgproxy-before-answer:1',
      })
      const cut = await fetch(link).catch(() => undefined)
      expect(cut?.ok ?? false).toBe(false)
      await running.ended('imgproxy')
      await running.start('imgproxy')
      const whole = await fetch(link)
      expect(whole.status).toBe(200)
      expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(100)
    }
    history.push({ key: 'link', prompt: 'a link', first: 200, task: link.pathname.split('/')[3] })
  }, 120_000)

  test('afterwards the ledger balances, every job has ended, and each was paid once', async () => {
    expect(await checkLedger({ running })).toEqual([])
    const charged = await queryDatabase<{ ref: string; captured: string }>(
      { running },
      `select ref, captured_micro::text as captured from holds where purpose = 'job' and captured_micro > 0`,
    )
    const captures = new Set(charged.map((hold) => hold.captured))
    // All jobs are for the same picture: one price, and none is paid zero or double.
    expect(captures.size).toBe(1)
    // A hold whose opening had an unknown outcome may have been released; the repeat then opened another.
    const unpaid = await queryDatabase<{ ref: string }>(
      { running },
      `select ref from holds where purpose = 'job' and captured_micro = 0
       and exists (select 1 from image_jobs where id = holds.ref)`,
    )
    expect(unpaid).toEqual([])
    expect(charged.map((hold) => hold.ref).sort()).toEqual(history.map((one) => one.task).sort())
  })
})
