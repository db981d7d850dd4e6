import { imageLimits } from '@sluice/attempts/attempt-limits'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { UpstreamError } from '@sluice/upstreams/upstream-error'
import { describe, expect, it } from 'vitest'

import { createFixture } from './fixture.ts'

describe('a call that fails', () => {
  it('is retried with another credential, and the first one is reported', async () => {
    const fixture = createFixture()
    const [first, second] = [fixture.pool.add(), fixture.pool.add()]
    await fixture.start()
    fixture.upstream.fails('server-error', (_generation, number) => number === 1)
    await fixture.submit()
    expect((await fixture.read()).state).toBe('done')
    expect(fixture.upstream.generations.map(({ secret }) => secret)).toEqual([
      'secret-1',
      'secret-2',
    ])
    expect(fixture.pool.outcomes).toEqual([
      { credentialId: first, outcome: { kind: 'failed', reason: 'server-error' } },
      {
        credentialId: second,
        outcome: { kind: 'ok', operation: 'image', model: 'upstream-model' },
      },
    ])
  })

  it('is retried with the same credential when there is no other', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.fails('connection-lost', (_generation, number) => number === 1)
    await fixture.submit()
    await fixture.advance(500)
    const job = await fixture.read()
    expect(job).toMatchObject({ state: 'done', parts: [{ unconfirmedCharges: 1 }] })
    expect(fixture.pool.held()).toBe(0)
  })

  it.each(['answer-broken', 'answer-empty', 'answer-too-large'] as const)(
    'with %s is never retried with the same credential, and counts as an unconfirmed charge',
    async (reason) => {
      const fixture = createFixture()
      fixture.pool.add()
      await fixture.start()
      fixture.upstream.fails(reason, () => true)
      await fixture.submit()
      await fixture.advance(5_000)
      expect(await fixture.read()).toMatchObject({
        state: 'failed',
        failure: { code: 'upstream_failed' },
        parts: [{ unconfirmedCharges: 1 }],
      })
      expect(fixture.upstream.generations).toHaveLength(1)
      const { body } = await fixture.deps.metrics.render()
      expect(body).toMatch(/^sluice_runner_unconfirmed_charges_total\{[^}]*\} 1$/m)
    },
  )

  it('with an unreadable response is retried with one other credential only', async () => {
    const fixture = createFixture()
    for (let count = 0; count < 4; count += 1) fixture.pool.add()
    await fixture.start()
    fixture.upstream.fails('answer-broken', () => true)
    await fixture.submit()
    await fixture.advance(5_000)
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      parts: [{ unconfirmedCharges: 2 }],
    })
    expect(fixture.upstream.generations.map(({ secret }) => secret)).toEqual([
      'secret-1',
      'secret-2',
    ])
  })

  it('with an unreadable response excludes that credential from all later retries', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.does(async (_input, { secret }) => {
      const reason = secret === 'secret-1' ? 'answer-broken' : 'server-error'
      throw new UpstreamError(failureOf(reason))
    })
    await fixture.submit()
    await fixture.advance(5_000)
    expect(fixture.upstream.generations.map(({ secret }) => secret)).toEqual([
      'secret-1',
      'secret-2',
      'secret-2',
    ])
  })

  it('is retried a limited number of times, and then the job fails with its reason', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.fails('server-error', () => true)
    await fixture.submit()
    await fixture.advance(5_000)
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_failed', message: 'The upstream failed.' },
    })
    expect(fixture.upstream.generations).toHaveLength(imageLimits.attemptsMax)
    expect(fixture.store.outbox()).toEqual([`image-job-ended ${sampleId('img', 1)}`])
  })

  it('is retried less often while every call fails: retries do not multiply the load', async () => {
    const fixture = createFixture()
    fixture.pool.add(50)
    await fixture.start()
    fixture.upstream.fails('overloaded', () => true)
    for (let number = 1; number <= 100; number += 1) await fixture.submit({ number })
    await fixture.advance(5_000)
    const { length } = fixture.upstream.generations
    expect(length).toBeGreaterThanOrEqual(200)
    expect(length).toBeLessThanOrEqual(230)
  })

  it('caused by the request fails the job at once and affects no credential', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.fails('bad-request', () => true)
    await fixture.submit()
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_rejected' },
    })
    expect(fixture.upstream.generations).toHaveLength(1)
    expect(fixture.pool.outcomes).toMatchObject([{ outcome: { kind: 'ok' } }])
  })

  it('with a rate limit causes a cooldown of the credential, and the job waits for it', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.does(async () => {
      if (fixture.upstream.generations.length > 2) return
      throw new UpstreamError(failureOf('rate-limited', { retryAfterMs: 3_000 }))
    })
    await fixture.submit()
    await fixture.advance(5_500)
    expect(fixture.upstream.generations).toHaveLength(2)
    await fixture.advance(1_000)
    expect(await fixture.read()).toMatchObject({
      state: 'done',
      parts: [{ unconfirmedCharges: 0 }],
    })
    expect(fixture.pool.outcomes.map(({ outcome }) => outcome.kind)).toEqual([
      'limited',
      'limited',
      'ok',
    ])
  })

  it('with a rate limit is retried with another credential at once', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.fails('rate-limited', ({ secret }) => secret === 'secret-1')
    await fixture.submit()
    expect((await fixture.read()).state).toBe('done')
  })

  it('with a rate limit is reported before the next lease is requested', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    await fixture.start({
      scheduler: {
        ...fixture.pool.scheduler,
        releaseLease: async (input) => {
          await fixture.clock.sleep(200)
          return fixture.pool.scheduler.releaseLease(input)
        },
      },
    })
    fixture.upstream.fails('rate-limited', () => true)
    await fixture.submit()
    await fixture.advance(4_000)
    expect(fixture.upstream.generations).toHaveLength(1)
  })

  it('with an invalid credential is reported, and the credential is not used again', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.fails('unauthorised', ({ secret }) => secret === 'secret-1')
    for (const number of [1, 2]) await fixture.submit({ number })
    expect(fixture.upstream.generations.map(({ secret }) => secret)).toEqual([
      'secret-1',
      'secret-2',
      'secret-2',
    ])
    expect(fixture.pool.outcomes[0]?.outcome).toEqual({
      kind: 'unauthorised',
      reason: 'unauthorised',
    })
  })

  it('after its timeout is retried with another credential and counts as an unconfirmed charge', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.add()
    await fixture.start({ config: { generateTimeoutMs: 2_000 } })
    fixture.upstream.does(async ({ signal }, { secret }) => {
      if (secret === 'secret-1') await fixture.clock.sleep(60_000, signal)
    })
    await fixture.submit()
    await fixture.advance(2_100)
    expect(await fixture.read()).toMatchObject({
      state: 'done',
      parts: [{ unconfirmedCharges: 1 }],
    })
    expect(fixture.pool.outcomes[0]?.outcome).toEqual({ kind: 'failed', reason: 'timeout' })
  })

  it('with an internal error fails the job and is logged', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.catalog.channels = []
    await fixture.start()
    await fixture.submit()
    await fixture.advance(5_000)
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_failed' },
    })
    expect(fixture.log.lines.filter(({ level }) => level === 'error')).not.toEqual([])
    expect(fixture.pool.held()).toBe(0)
  })
})
