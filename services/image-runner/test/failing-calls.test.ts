import { sampleId } from '@sluice/jobs/testing/sample-job'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { UpstreamError } from '@sluice/upstreams/upstream-error'
import { describe, expect, it } from 'vitest'

import { TRIES_MAX } from '../src/draw/next-step.ts'
import { createWorld } from './world.ts'

describe('a call that fails', () => {
  it('is made again with another credential, and the first is reported', async () => {
    const world = createWorld()
    const [first, second] = [world.pool.add(), world.pool.add()]
    await world.start()
    world.upstream.fails('server-error', (_drawing, number) => number === 1)
    await world.submit()
    expect((await world.read()).state).toBe('done')
    expect(world.upstream.drawings.map(({ secret }) => secret)).toEqual(['secret-1', 'secret-2'])
    expect(world.pool.outcomes).toEqual([
      { credentialId: first, outcome: { kind: 'failed', reason: 'server-error' } },
      { credentialId: second, outcome: { kind: 'ok', operation: 'image', model: 'their-model' } },
    ])
  })

  it('is made again with the same credential where there is no other', async () => {
    const world = createWorld()
    world.pool.add()
    await world.start()
    world.upstream.fails('connection-lost', (_drawing, number) => number === 1)
    await world.submit()
    await world.advance(500)
    const job = await world.read()
    expect(job).toMatchObject({ state: 'done', parts: [{ possibleLosses: 1 }] })
    expect(world.pool.held()).toBe(0)
  })

  it.each(['answer-broken', 'answer-empty', 'answer-too-large'] as const)(
    'with %s is never made again with the same credential, and is a possible loss',
    async (reason) => {
      const world = createWorld()
      world.pool.add()
      await world.start()
      world.upstream.fails(reason, () => true)
      await world.submit()
      await world.advance(5_000)
      expect(await world.read()).toMatchObject({
        state: 'failed',
        failure: { code: 'upstream_failed' },
        parts: [{ possibleLosses: 1 }],
      })
      expect(world.upstream.drawings).toHaveLength(1)
      const { body } = await world.deps.metrics.render()
      expect(body).toMatch(/^sluice_runner_possible_losses_total\{[^}]*\} 1$/m)
    },
  )

  it('with an answer that cannot be read is made with one other credential, and no third', async () => {
    const world = createWorld()
    for (let count = 0; count < 4; count += 1) world.pool.add()
    await world.start()
    world.upstream.fails('answer-broken', () => true)
    await world.submit()
    await world.advance(5_000)
    expect(await world.read()).toMatchObject({ state: 'failed', parts: [{ possibleLosses: 2 }] })
    expect(world.upstream.drawings.map(({ secret }) => secret)).toEqual(['secret-1', 'secret-2'])
  })

  it('with an answer that cannot be read leaves that credential out, whatever fails next', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.add()
    await world.start()
    world.upstream.does(async (_input, { secret }) => {
      const reason = secret === 'secret-1' ? 'answer-broken' : 'server-error'
      throw new UpstreamError(failureOf(reason))
    })
    await world.submit()
    await world.advance(5_000)
    expect(world.upstream.drawings.map(({ secret }) => secret)).toEqual([
      'secret-1',
      'secret-2',
      'secret-2',
    ])
  })

  it('is made so often and no more, and then its reason is told', async () => {
    const world = createWorld()
    world.pool.add()
    await world.start()
    world.upstream.fails('server-error', () => true)
    await world.submit()
    await world.advance(5_000)
    expect(await world.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_failed', message: 'The upstream failed.' },
    })
    expect(world.upstream.drawings).toHaveLength(TRIES_MAX)
    expect(world.store.outbox()).toEqual([`image-job-ended ${sampleId('img', 1)}`])
  })

  it('is made fewer times while everything fails: tries do not multiply what is down', async () => {
    const world = createWorld()
    world.pool.add(50)
    await world.start()
    world.upstream.fails('overloaded', () => true)
    for (let number = 1; number <= 100; number += 1) await world.submit({ number })
    await world.advance(5_000)
    const { length } = world.upstream.drawings
    expect(length).toBeGreaterThanOrEqual(200)
    expect(length).toBeLessThanOrEqual(230)
  })

  it('for the mistake of the caller ends the job at once and blames no credential', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.add()
    await world.start()
    world.upstream.fails('bad-request', () => true)
    await world.submit()
    expect(await world.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_rejected' },
    })
    expect(world.upstream.drawings).toHaveLength(1)
    expect(world.pool.outcomes).toMatchObject([{ outcome: { kind: 'ok' } }])
  })

  it('for a limit rests the credential as long as was said, and the job waits its turn', async () => {
    const world = createWorld()
    world.pool.add()
    await world.start()
    world.upstream.does(async () => {
      if (world.upstream.drawings.length > 2) return
      throw new UpstreamError(failureOf('rate-limited', { retryAfterMs: 3_000 }))
    })
    await world.submit()
    await world.advance(5_500)
    expect(world.upstream.drawings).toHaveLength(2)
    await world.advance(1_000)
    expect(await world.read()).toMatchObject({ state: 'done', parts: [{ possibleLosses: 0 }] })
    expect(world.pool.outcomes.map(({ outcome }) => outcome.kind)).toEqual([
      'limited',
      'limited',
      'ok',
    ])
  })

  it('for a limit goes to another credential at once when there is one', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.add()
    await world.start()
    world.upstream.fails('rate-limited', ({ secret }) => secret === 'secret-1')
    await world.submit()
    expect((await world.read()).state).toBe('done')
  })

  it('for a limit is told before the next credential is asked for', async () => {
    const world = createWorld()
    world.pool.add(2)
    await world.start({
      scheduler: {
        ...world.pool.scheduler,
        releaseLease: async (input) => {
          await world.clock.sleep(200)
          return world.pool.scheduler.releaseLease(input)
        },
      },
    })
    world.upstream.fails('rate-limited', () => true)
    await world.submit()
    await world.advance(4_000)
    expect(world.upstream.drawings).toHaveLength(1)
  })

  it('for a bad credential reports it and never uses it again', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.add()
    await world.start()
    world.upstream.fails('unauthorised', ({ secret }) => secret === 'secret-1')
    for (const number of [1, 2]) await world.submit({ number })
    expect(world.upstream.drawings.map(({ secret }) => secret)).toEqual([
      'secret-1',
      'secret-2',
      'secret-2',
    ])
    expect(world.pool.outcomes[0]?.outcome).toEqual({
      kind: 'unauthorised',
      reason: 'unauthorised',
    })
  })

  it('takes too long only once: then another is asked, and the first counted as a possible loss', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.add()
    await world.start({ config: { drawTimeoutMs: 2_000 } })
    world.upstream.does(async ({ signal }, { secret }) => {
      if (secret === 'secret-1') await world.clock.sleep(60_000, signal)
    })
    await world.submit()
    await world.advance(2_100)
    expect(await world.read()).toMatchObject({ state: 'done', parts: [{ possibleLosses: 1 }] })
    expect(world.pool.outcomes[0]?.outcome).toEqual({ kind: 'failed', reason: 'timeout' })
  })

  it('within ourselves fails the job and says so in the log', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.catalog.channels = []
    await world.start()
    await world.submit()
    await world.advance(5_000)
    expect(await world.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'upstream_failed' },
    })
    expect(world.log.lines.filter(({ level }) => level === 'error')).not.toEqual([])
    expect(world.pool.held()).toBe(0)
  })
})
