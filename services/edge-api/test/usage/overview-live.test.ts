import type { Billing } from '@sluice/contracts/billing.contract'
import type { LiveCounters } from '@sluice/contracts/control/admin'
import type { Catalog } from '@sluice/contracts/scheduler.contract'
import { sampleJob } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { createSseParser } from '@sluice/protocol/sse'
import { describe, expect, test } from 'vitest'

import { chatTrace, endTrace } from '../../src/settle/chat-trace.ts'
import { id, createFixture } from './fixture.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const OVERVIEW = '/api/admin/overview'
const LIVE = `${OVERVIEW}/live`

const catalog: Catalog = {
  version: 1,
  channels: [
    {
      id: id('chan', 1),
      name: 'main',
      dialect: 'openai',
      baseUrl: 'https://upstream.example/v1',
      priority: 0,
      weight: 1,
      enabled: true,
      models: [],
      settings: {},
      credentials: [
        {
          id: id('cred', 1),
          state: 'active',
          concurrencyMax: 1,
          coolingUntil: null,
          secret: { keyId: 'k', box: 'b' },
        },
      ],
    },
  ],
}

async function rig() {
  const clock = fakeClock(NOON)
  const ledger = { reads: 0, away: false }
  const readTotals: Billing['readTotals'] = async () => {
    ledger.reads += 1
    if (ledger.away) throw new AppError('unavailable', 'billing is away')
    return { chargedTodayMicro: 5n, heldMicro: 6n, availableMicro: 7n, findings: 0 }
  }
  const made = await createFixture({ clock, billing: { readTotals }, catalog })
  return { ...made, clock, ledger }
}

type Rig = Awaited<ReturnType<typeof rig>>

/** A follower that reads what it is sent. */
async function follow({ ask }: Rig, as = 'at-root') {
  const answer = await ask(LIVE, { as })
  const frames: LiveCounters[] = []
  let ended = false
  const read = async () => {
    const parser = createSseParser()
    for await (const chunk of answer.body ?? []) {
      for (const { event, data } of parser.push(chunk)) {
        expect(event).toBe('counters')
        frames.push(JSON.parse(data))
      }
    }
  }
  void read().finally(() => (ended = true))
  return { answer, frames, ended: () => ended }
}

/** Lets seconds pass until it is so; what travels over the network takes no time of the clock. */
async function passUntil(clock: FakeClock, isSo: () => boolean) {
  await expect
    .poll(
      async () => {
        await clock.advance(1_000)
        return isSo()
      },
      { interval: 5, timeout: 5_000 },
    )
    .toBe(true)
}

describe('GET /api/admin/overview', () => {
  test('shows the system at a glance', async () => {
    const { read, requestLogStore, jobs, clock } = await rig()
    const row = (number: number, facts: object) => ({
      ...endTrace(
        chatTrace({ requestId: id('req', number), route: 'r', receivedAtMs: NOON - 5_000 }),
        NOON,
      ),
      ...facts,
    })
    await requestLogStore.append([
      row(1, {}),
      row(2, { errorCode: 'upstream_failed', status: 502 }),
      row(3, { errorCode: 'invalid_api_key', status: 401 }),
    ])
    await jobs.submit(sampleJob({ now: clock.now() }), clock.now())
    await clock.advance(1_000)
    expect(await read(OVERVIEW)).toBe('403 permission_denied null')
    const overview = await read(OVERVIEW, 'at-root')
    expect(overview).toMatchObject({
      counters: {
        at: '2026-11-21T12:00:01.000Z',
        requests: { running: 7, last_minute: 3, failures_last_minute: 1 },
        images: {
          queued: 1,
          generating: 0,
          stored_today: 0,
          failed_today: 0,
          oldest_queued_at: '2026-11-21T12:00:00.000Z',
        },
        credentials: { active: 1, cooling: 0, paused: 0, attention: 0, retired: 2 },
        money: { charged_today_micro: '5', held_micro: '6', available_micro: '7' },
      },
      concerns: [],
      users: { total: 0, banned: 0 },
    })
    const { minutes } = overview as { minutes: object[] }
    expect(minutes).toHaveLength(60)
    expect(minutes.at(-2)).toEqual({ at: '2026-11-21T11:59:00.000Z', requests: 3, failures: 1 })
  })

  test('shows what it last knew while the ledger is away, and says so; before that, it is an error', async () => {
    const { read, ledger, clock } = await rig()
    ledger.away = true
    expect(await read(OVERVIEW, 'at-root')).toBe('503 unavailable null')
    ledger.away = false
    expect(await read(OVERVIEW, 'at-root')).toMatchObject({ concerns: [] })
    ledger.away = true
    await clock.advance(1_000)
    expect(await read(OVERVIEW, 'at-root')).toMatchObject({
      counters: { money: { available_micro: '7' } },
      concerns: [{ code: 'dependency-away', subject: 'billing', count: 1 }],
    })
  })
})

describe('GET /api/admin/overview/live', () => {
  test('sends the counters about once a second, read once for all who follow', async () => {
    const made = await rig()
    const followers = [await follow(made), await follow(made), await follow(made)]
    expect(followers[0]?.answer.headers.get('content-type')).toContain('text/event-stream')
    await passUntil(made.clock, () => followers.every(({ frames }) => frames.length >= 3))
    const seconds = (made.clock.nowMs() - NOON) / 1_000
    expect(made.ledger.reads).toBeLessThanOrEqual(seconds + 1)
    expect(followers[0]?.frames[0]).toMatchObject({ requests: { running: 7 } })
  })

  test('asks nobody for anything once the last one has left', async () => {
    const made = await rig()
    const leaving = new AbortController()
    const answer = await made.ask(LIVE, {
      signal: leaving.signal,
      headers: { authorization: 'Bearer at-root' },
    })
    await answer.body?.getReader().read()
    leaving.abort()
    const { clock, ledger, looks } = made
    await expect
      .poll(async () => {
        const before = ledger.reads + looks.sessions
        await clock.advance(3_000)
        return ledger.reads + looks.sessions - before
      })
      .toBe(0)
  })

  test.each([
    ['their session ends', ({ sessions }: Rig) => void sessions.delete('at-root')],
    [
      'they are no admin any more',
      ({ sessions }: Rig) => {
        const root = sessions.get('at-root')
        if (root) sessions.set('at-root', { ...root, role: 'user' })
      },
    ],
  ])('ends within a second when %s', async (_, change) => {
    const made = await rig()
    const { frames, ended } = await follow(made)
    await passUntil(made.clock, () => frames.length > 0)
    change(made)
    const errorOf = frames.length
    await made.clock.advance(1_000)
    await expect.poll(ended).toBe(true)
    expect(frames.length).toBeLessThanOrEqual(errorOf + 1)
    expect((await made.ask(LIVE, { as: 'at-root' })).status).toBeGreaterThanOrEqual(401)
  })

  test('shows nothing while nobody can tell who may see it, and goes on when somebody can', async () => {
    const made = await rig()
    const { frames, ended } = await follow(made)
    await passUntil(made.clock, () => frames.length > 0)
    made.looks.away = true
    await made.clock.advance(1_000)
    await expect.poll(() => frames.length).toBeGreaterThan(0)
    const errorOf = frames.length
    for (let second = 0; second < 5; second += 1) await made.clock.advance(1_000)
    expect(frames.length).toBeLessThanOrEqual(errorOf + 1)
    const quiet = frames.length
    made.looks.away = false
    await passUntil(made.clock, () => frames.length > quiet)
    expect(ended()).toBe(false)
  })

  test('ends at once when the process stops, and refuses who comes then', async () => {
    const made = await rig()
    const { frames, ended } = await follow(made)
    await passUntil(made.clock, () => frames.length > 0)
    made.draining.abort()
    await expect.poll(ended).toBe(true)
    expect(await made.read(LIVE, 'at-root')).toBe('503 unavailable null')
  })

  test('is for operators, and for reading', async () => {
    const { read, ask } = await rig()
    expect(await read(LIVE)).toBe('403 permission_denied null')
    expect(await read(LIVE, 'nobody')).toBe('401 invalid_session null')
    expect((await ask(LIVE, { as: 'at-root', method: 'HEAD' })).status).toBe(405)
  })
})
