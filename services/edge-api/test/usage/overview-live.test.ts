import type { Billing } from '@sluice/contracts/billing.contract'
import type { LiveCounters } from '@sluice/contracts/control/admin'
import type { Catalog } from '@sluice/contracts/scheduler.contract'
import { sampleChannel, sampleCredential } from '@sluice/contracts/testing/sample-catalog'
import { sampleJob } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { createSseParser } from '@sluice/protocol/sse'
import { describe, expect, test } from 'vitest'

import { chatTrace, endTrace } from '../../src/gateway/chat-trace.ts'
import { id, createFixture } from './fixture.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const OVERVIEW = '/api/admin/overview'
const LIVE = `${OVERVIEW}/live`

const catalog: Catalog = {
  version: 1,
  channels: [sampleChannel({ credentials: [sampleCredential()] })],
}

async function createOverview() {
  const clock = fakeClock(NOON)
  const ledger = { reads: 0, unavailable: false }
  const readTotals: Billing['readTotals'] = async () => {
    ledger.reads += 1
    if (ledger.unavailable) throw new AppError('unavailable', 'billing is unavailable')
    return { chargedTodayMicro: 5n, heldMicro: 6n, availableMicro: 7n, findings: 0 }
  }
  const fixture = await createFixture({ clock, billing: { readTotals }, catalog })
  return { ...fixture, clock, ledger }
}

type OverviewFixture = Awaited<ReturnType<typeof createOverview>>

/** Opens the live stream and collects its frames. */
async function follow({ send }: OverviewFixture, as = 'at-root') {
  const answer = await send(LIVE, { as })
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

/** Advances the fake clock by seconds until the condition holds; network time does not advance it. */
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
    const { read, requestLogStore, jobs, clock } = await createOverview()
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

  test('shows the last figures and a concern while billing is unavailable, or an error without figures', async () => {
    const { read, ledger, clock } = await createOverview()
    ledger.unavailable = true
    expect(await read(OVERVIEW, 'at-root')).toBe('503 unavailable null')
    ledger.unavailable = false
    expect(await read(OVERVIEW, 'at-root')).toMatchObject({ concerns: [] })
    ledger.unavailable = true
    await clock.advance(1_000)
    expect(await read(OVERVIEW, 'at-root')).toMatchObject({
      counters: { money: { available_micro: '7' } },
      concerns: [{ code: 'dependency-away', subject: 'billing', count: 1 }],
    })
  })
})

describe('GET /api/admin/overview/live', () => {
  test('sends the counters about once a second, with one read for all followers', async () => {
    const fixture = await createOverview()
    const followers = [await follow(fixture), await follow(fixture), await follow(fixture)]
    expect(followers[0]?.answer.headers.get('content-type')).toContain('text/event-stream')
    await passUntil(fixture.clock, () => followers.every(({ frames }) => frames.length >= 3))
    const seconds = (fixture.clock.nowMs() - NOON) / 1_000
    expect(fixture.ledger.reads).toBeLessThanOrEqual(seconds + 1)
    expect(followers[0]?.frames[0]).toMatchObject({ requests: { running: 7 } })
  })

  test('reads nothing after the last follower has disconnected', async () => {
    const fixture = await createOverview()
    const leaving = new AbortController()
    const answer = await fixture.send(LIVE, {
      signal: leaving.signal,
      headers: { authorization: 'Bearer at-root' },
    })
    await answer.body?.getReader().read()
    leaving.abort()
    const { clock, ledger, lookups } = fixture
    await expect
      .poll(async () => {
        const before = ledger.reads + lookups.sessions
        await clock.advance(3_000)
        return ledger.reads + lookups.sessions - before
      })
      .toBe(0)
  })

  test.each([
    ['their session ends', ({ sessions }: OverviewFixture) => void sessions.delete('at-root')],
    [
      'they lose the admin role',
      ({ sessions }: OverviewFixture) => {
        const root = sessions.get('at-root')
        if (root) sessions.set('at-root', { ...root, role: 'user' })
      },
    ],
  ])('ends within a second when %s', async (_, change) => {
    const fixture = await createOverview()
    const { frames, ended } = await follow(fixture)
    await passUntil(fixture.clock, () => frames.length > 0)
    change(fixture)
    const framesBefore = frames.length
    await fixture.clock.advance(1_000)
    await expect.poll(ended).toBe(true)
    expect(frames.length).toBeLessThanOrEqual(framesBefore + 1)
    expect((await fixture.send(LIVE, { as: 'at-root' })).status).toBeGreaterThanOrEqual(401)
  })

  test('pauses while sessions cannot be checked, and resumes afterwards', async () => {
    const fixture = await createOverview()
    const { frames, ended } = await follow(fixture)
    await passUntil(fixture.clock, () => frames.length > 0)
    fixture.lookups.unavailable = true
    await fixture.clock.advance(1_000)
    await expect.poll(() => frames.length).toBeGreaterThan(0)
    const framesBefore = frames.length
    for (let second = 0; second < 5; second += 1) await fixture.clock.advance(1_000)
    expect(frames.length).toBeLessThanOrEqual(framesBefore + 1)
    const quiet = frames.length
    fixture.lookups.unavailable = false
    await passUntil(fixture.clock, () => frames.length > quiet)
    expect(ended()).toBe(false)
  })

  test('ends at once when the process shuts down, and refuses new followers', async () => {
    const fixture = await createOverview()
    const { frames, ended } = await follow(fixture)
    await passUntil(fixture.clock, () => frames.length > 0)
    fixture.draining.abort()
    await expect.poll(ended).toBe(true)
    expect(await fixture.read(LIVE, 'at-root')).toBe('503 unavailable null')
  })

  test('is for admins, and for GET only', async () => {
    const { read, send } = await createOverview()
    expect(await read(LIVE)).toBe('403 permission_denied null')
    expect(await read(LIVE, 'unknown')).toBe('401 invalid_session null')
    expect((await send(LIVE, { as: 'at-root', method: 'HEAD' })).status).toBe(405)
  })
})
