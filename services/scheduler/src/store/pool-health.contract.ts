import { describe, expect, it } from 'vitest'

import type { PoolUnderTest } from '../../test/pool-under-test.ts'
import { setUpPool, TTL_MS } from '../../test/pool-under-test.ts'
import type { Health } from '../eligibility/health.ts'
import { initialHealth } from '../eligibility/health.ts'

/** The contract of every pool for health: cooldowns, probes and conflicting changes. */
export function poolHealthContract(make: () => Promise<PoolUnderTest>): void {
  const setUp = () => setUpPool(make)
  const openUntil = (untilMs: number): Health => ({
    ...initialHealth,
    circuit: { state: 'open', untilMs, trips: 1 },
  })
  const coolingUntil = (untilMs: number): Health => ({
    ...initialHealth,
    cooldown: { untilMs, times: 1 },
  })

  describe('health', () => {
    it('blocks a credential until its cooldown ends', async () => {
      const { pool, credential, take, writeHealth } = await setUp()
      const only = credential({ limit: 5 })
      await writeHealth(only, coolingUntil((await pool.nowMs()) + 10_000))
      expect((await take([only])).lease).toBeNull()
      await pool.advance(10_000)
      expect((await take([only])).lease).toMatchObject({ probe: false })
      expect((await take([only])).lease).not.toBeNull()
    })

    it('blocks calls of a limited model until its cooldown ends, and allows other models', async () => {
      const { pool, credential, take, writeHealth, status } = await setUp()
      const limited = credential({ limit: 5, model: 'model-a' })
      const other = { ...limited, model: 'model-b' }
      const untilMs = (await pool.nowMs()) + 10_000
      const health: Health = {
        ...initialHealth,
        restrictions: [
          { kind: 'limited', model: 'model-a', untilMs, times: 2 },
          { kind: 'denied', operation: 'image', untilMs, times: 1 },
        ],
      }
      await writeHealth(limited, health)
      const { lease, refusals } = await take([limited])
      expect([lease, refusals]).toMatchObject([null, [{ notBeforeMs: untilMs, disabled: false }]])
      expect((await take([other])).lease).not.toBeNull()
      expect(await status(limited)).toMatchObject({ health })
      await pool.advance(10_000)
      expect((await take([limited])).lease).not.toBeNull()
      await writeHealth(limited, { ...health, restrictions: [] })
      expect(await status(limited)).toMatchObject({ health: initialHealth, stamp: 0 })
    })

    it('releases a lease and limits a model in one operation', async () => {
      const { pool, credential, take, takeOne } = await setUp()
      const limited = credential({ limit: 5 })
      const { leaseId } = await takeOne([limited])
      const untilMs = (await pool.nowMs()) + 10_000
      const restrictions = [{ kind: 'limited' as const, model: limited.model, untilMs, times: 1 }]
      const seen = { stamp: 0, probe: false }
      const health = { ...initialHealth, restrictions }
      await pool.stores[0].release({ leaseId, seen, health })
      expect((await take([limited], { store: pool.stores[1] })).lease).toBeNull()
      expect((await take([{ ...limited, model: 'model-b' }])).lease).not.toBeNull()
    })

    it('grants exactly one probe of a half-open circuit to concurrent requests', async () => {
      const { pool, credential, take, writeHealth, status } = await setUp()
      const only = credential({ limit: 10 })
      await writeHealth(only, openUntil((await pool.nowMs()) + 10_000))
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

    it('grants the next probe when the first one was aborted, or expired', async () => {
      const { pool, credential, take, takeOne, writeHealth, status } = await setUp()
      const only = credential({ limit: 10 })
      await writeHealth(only, openUntil((await pool.nowMs()) + 10_000))
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

    it('allows all leases in the operation in which the probe closes the circuit', async () => {
      const { pool, credential, take, takeOne, writeHealth, status } = await setUp()
      const only = credential({ limit: 2 })
      await writeHealth(only, openUntil((await pool.nowMs()) + 10_000))
      await pool.advance(10_000)
      const probe = await takeOne([only])
      const seen = { stamp: (await status(only)).stamp, probe: true }
      await pool.stores[0].release({ leaseId: probe.leaseId, seen, health: initialHealth })
      expect((await take([only])).lease).toMatchObject({ probe: false })
      expect((await take([only])).lease).toMatchObject({ probe: false })
      expect(await status(only)).toMatchObject({ health: initialHealth, stamp: 0, leases: 2 })
    })

    it('returns the stored health and changes nothing for a release based on older health', async () => {
      const { pool, credential, takeOne, writeHealth, status } = await setUp()
      const only = credential({ limit: 2 })
      const lease = await takeOne([only])
      const health = coolingUntil((await pool.nowMs()) + 10_000)
      await writeHealth(only, health)
      const { stamp } = await status(only)
      const input = { leaseId: lease.leaseId, health: initialHealth }
      const stale = await pool.stores[0].release({ ...input, seen: { stamp: 0, probe: false } })
      expect(stale).toEqual({
        kind: 'conflict',
        known: { epoch: 1, stamp, health },
        probe: false,
      })
      expect(await status(only)).toMatchObject({ leases: 1, health })
      const wrongProbe = await pool.stores[0].release({ ...input, seen: { stamp, probe: true } })
      expect(wrongProbe).toMatchObject({ kind: 'conflict', probe: false })
      const good = await pool.stores[0].release({ ...input, seen: { stamp, probe: false } })
      expect(good).toMatchObject({ kind: 'released' })
      expect(await status(only)).toMatchObject({ leases: 0, health: initialHealth })
    })

    it('accepts one of several changes based on the same health', async () => {
      const { pool, credential, status } = await setUp()
      const only = credential()
      const { credentialId, epoch } = only
      const results = await Promise.all(
        ['first', 'second', 'third'].map((attention, index) =>
          pool.stores[index % 2 === 0 ? 0 : 1].writeHealth({
            credentialId,
            epoch,
            stamp: 0,
            health: { ...initialHealth, attention },
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

    it('ignores health and outcomes of an earlier epoch', async () => {
      const { pool, credential, take, takeOne, writeHealth, status } = await setUp()
      const before = credential({ limit: 3 })
      const after = { ...before, epoch: 2 }
      const old = await takeOne([before])
      await writeHealth(before, { ...initialHealth, attention: 'the key was refused' })
      expect((await take([before])).lease).toBeNull()
      expect((await take([after])).lease).toMatchObject({ epoch: 2 })
      const cooling = coolingUntil((await pool.nowMs()) + 10_000)
      await writeHealth(after, cooling)
      const health = { ...initialHealth, attention: 'refused once more' }
      const seen = { stamp: 0, probe: false }
      const released = await pool.stores[0].release({ leaseId: old.leaseId, seen, health })
      expect(released).toMatchObject({ kind: 'released', current: false })
      expect(await status(before)).toMatchObject({ epoch: 2, health: cooling, leases: 1 })
      const { credentialId } = before
      const write = { credentialId, epoch: 1, stamp: 0, health }
      expect(await pool.stores[0].writeHealth(write)).toMatchObject({
        kind: 'conflict',
        known: { epoch: 2, health: cooling },
      })
    })
  })
}
