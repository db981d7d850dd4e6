import { describe, expect, it } from 'vitest'

import type { PoolUnderTest } from '../../test/pool-under-test.ts'
import { setUpPool, TTL_MS } from '../../test/pool-under-test.ts'
import type { Health } from '../eligibility/health.ts'
import { freshHealth } from '../eligibility/health.ts'

/** What any pool does with health: gates, probes, and changes that were decided from what is known. */
export function poolHealthContract(make: () => Promise<PoolUnderTest>): void {
  const setUp = () => setUpPool(make)
  const openUntil = (untilMs: number): Health => ({
    ...freshHealth,
    circuit: { state: 'open', untilMs, trips: 1 },
  })
  const coolingUntil = (untilMs: number): Health => ({
    ...freshHealth,
    cooldown: { untilMs, times: 1 },
  })

  describe('health', () => {
    it('keeps a credential back until its rest is over', async () => {
      const { pool, credential, take, learn } = await setUp()
      const only = credential({ limit: 5 })
      await learn(only, coolingUntil((await pool.nowMs()) + 10_000))
      expect((await take([only])).lease).toBeNull()
      await pool.advance(10_000)
      expect((await take([only])).lease).toMatchObject({ probe: false })
      expect((await take([only])).lease).not.toBeNull()
    })

    it('keeps calls of a limited model back until its rest is over, and lets those of others through', async () => {
      const { pool, credential, take, learn, status } = await setUp()
      const wanted = credential({ limit: 5, model: 'model-a' })
      const other = { ...wanted, model: 'model-b' }
      const untilMs = (await pool.nowMs()) + 10_000
      const health: Health = {
        ...freshHealth,
        restrictions: [
          { kind: 'limited', model: 'model-a', untilMs, times: 2 },
          { kind: 'denied', operation: 'image', untilMs, times: 1 },
        ],
      }
      await learn(wanted, health)
      const { lease, refusals } = await take([wanted])
      expect([lease, refusals]).toMatchObject([null, [{ restUntilMs: untilMs, shut: false }]])
      expect((await take([other])).lease).not.toBeNull()
      expect(await status(wanted)).toMatchObject({ health })
      await pool.advance(10_000)
      expect((await take([wanted])).lease).not.toBeNull()
      await learn(wanted, { ...health, restrictions: [] })
      expect(await status(wanted)).toMatchObject({ health: freshHealth, stamp: 0 })
    })

    it('gives a lease back with the limit of a model, in one step', async () => {
      const { pool, credential, take, takeOne } = await setUp()
      const wanted = credential({ limit: 5 })
      const { leaseId } = await takeOne([wanted])
      const untilMs = (await pool.nowMs()) + 10_000
      const restrictions = [{ kind: 'limited' as const, model: wanted.model, untilMs, times: 1 }]
      const seen = { stamp: 0, probe: false }
      const health = { ...freshHealth, restrictions }
      await pool.stores[0].release({ leaseId, seen, health })
      expect((await take([wanted], { store: pool.stores[1] })).lease).toBeNull()
      expect((await take([{ ...wanted, model: 'model-b' }])).lease).not.toBeNull()
    })

    it('lets exactly one probe through a half-open circuit, however many ask at once', async () => {
      const { pool, credential, take, learn, status } = await setUp()
      const only = credential({ limit: 10 })
      await learn(only, openUntil((await pool.nowMs()) + 10_000))
      expect((await take([only])).lease).toBeNull()
      await pool.advance(10_000)
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          take([only], { store: pool.stores[index % 2 === 0 ? 0 : 1] }),
        ),
      )
      const leases = results.flatMap(({ lease }) => (lease === null ? [] : [lease]))
      expect(leases).toEqual([expect.objectContaining({ probe: true })])
      expect(await status(only)).toMatchObject({ probing: true, leases: 1 })
    })

    it('sends the next probe when the first one came back without an answer, or never', async () => {
      const { pool, credential, take, takeOne, learn, status } = await setUp()
      const only = credential({ limit: 10 })
      await learn(only, openUntil((await pool.nowMs()) + 10_000))
      await pool.advance(10_000)
      const first = await takeOne([only])
      const { stamp } = await status(only)
      const aborted = { leaseId: first.leaseId, seen: { stamp, probe: true }, health: null }
      expect(await pool.stores[1].release(aborted)).toMatchObject({ kind: 'released' })
      expect(await status(only)).toMatchObject({ probing: false })
      await takeOne([only])
      expect((await take([only])).lease).toBeNull()
      await pool.advance(TTL_MS)
      expect((await take([only])).lease).toMatchObject({ probe: true })
    })

    it('opens the whole credential in the step in which the probe closes the circuit', async () => {
      const { pool, credential, take, takeOne, learn, status } = await setUp()
      const only = credential({ limit: 2 })
      await learn(only, openUntil((await pool.nowMs()) + 10_000))
      await pool.advance(10_000)
      const probe = await takeOne([only])
      const seen = { stamp: (await status(only)).stamp, probe: true }
      await pool.stores[0].release({ leaseId: probe.leaseId, seen, health: freshHealth })
      expect((await take([only])).lease).toMatchObject({ probe: false })
      expect((await take([only])).lease).toMatchObject({ probe: false })
      expect(await status(only)).toMatchObject({ health: freshHealth, stamp: 0, leases: 2 })
    })

    it('does nothing for a release that was decided from what is no longer known, and says what is', async () => {
      const { pool, credential, takeOne, learn, status } = await setUp()
      const only = credential({ limit: 2 })
      const lease = await takeOne([only])
      const health = coolingUntil((await pool.nowMs()) + 10_000)
      await learn(only, health)
      const { stamp } = await status(only)
      const input = { leaseId: lease.leaseId, health: freshHealth }
      const stale = await pool.stores[0].release({ ...input, seen: { stamp: 0, probe: false } })
      expect(stale).toEqual({
        kind: 'conflict',
        known: { epoch: 1, stamp, health },
        probe: false,
      })
      expect(await status(only)).toMatchObject({ leases: 1, health })
      const lie = await pool.stores[0].release({ ...input, seen: { stamp, probe: true } })
      expect(lie).toMatchObject({ kind: 'conflict', probe: false })
      const good = await pool.stores[0].release({ ...input, seen: { stamp, probe: false } })
      expect(good).toMatchObject({ kind: 'released' })
      expect(await status(only)).toMatchObject({ leases: 0, health: freshHealth })
    })

    it('accepts one of several changes that were decided from the same knowledge', async () => {
      const { pool, credential, status } = await setUp()
      const only = credential()
      const { credentialId, epoch } = only
      const results = await Promise.all(
        ['first', 'second', 'third'].map((attention, index) =>
          pool.stores[index % 2 === 0 ? 0 : 1].writeHealth({
            credentialId,
            epoch,
            stamp: 0,
            health: { ...freshHealth, attention },
          }),
        ),
      )
      const kinds = results.map(({ kind }) => kind).sort()
      expect(kinds).toEqual(['conflict', 'conflict', 'written'])
      const { health } = await status(only)
      expect(results).toContainEqual(
        expect.objectContaining({ known: expect.objectContaining({ health }) }),
      )
    })

    it('forgets what was learned before a person set the state, and what is reported of then', async () => {
      const { pool, credential, take, takeOne, learn, status } = await setUp()
      const before = credential({ limit: 3 })
      const after = { ...before, epoch: 2 }
      const old = await takeOne([before])
      await learn(before, { ...freshHealth, attention: 'the key was refused' })
      expect((await take([before])).lease).toBeNull()
      expect((await take([after])).lease).toMatchObject({ epoch: 2 })
      const resting = coolingUntil((await pool.nowMs()) + 10_000)
      await learn(after, resting)
      const health = { ...freshHealth, attention: 'refused once more' }
      const seen = { stamp: 0, probe: false }
      const released = await pool.stores[0].release({ leaseId: old.leaseId, seen, health })
      expect(released).toMatchObject({ kind: 'released', current: false })
      expect(await status(before)).toMatchObject({ epoch: 2, health: resting, leases: 1 })
      const { credentialId } = before
      const write = { credentialId, epoch: 1, stamp: 0, health }
      expect(await pool.stores[0].writeHealth(write)).toMatchObject({
        kind: 'conflict',
        known: { epoch: 2, health: resting },
      })
    })
  })
}
