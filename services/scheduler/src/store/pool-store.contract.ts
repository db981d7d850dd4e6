import { describe, expect, it } from 'vitest'

import type { PoolUnderTest } from '../../test/pool-under-test.ts'
import { setUpPool, TTL_MS } from '../../test/pool-under-test.ts'
import type { Health } from '../eligibility/health.ts'
import { initialHealth } from '../eligibility/health.ts'

/** The contract of every pool for leases, with concurrent replicas. */
export function poolStoreContract(make: () => Promise<PoolUnderTest>): void {
  const setUp = () => setUpPool(make)
  const coolingUntil = (untilMs: number): Health => ({
    ...initialHealth,
    cooldown: { untilMs, times: 1 },
  })

  describe('slots', () => {
    it('never grants more leases than the limit to concurrent requests of several replicas', async () => {
      const { pool, credential, take, status } = await setUp()
      const few = credential({ limit: 3 })
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          take([few], { store: pool.stores[index % 2 === 0 ? 0 : 1] }),
        ),
      )
      expect(results.filter(({ lease }) => lease !== null)).toHaveLength(3)
      expect(await status(few)).toMatchObject({ leases: 3 })
    })

    it('leases the first candidate with a free slot and returns why the earlier ones were refused', async () => {
      const { pool, credential, take, takeOne, writeHealth } = await setUp()
      const [full, cooling, disabled, free, spare] = [1, 1, 1, 1, 1].map(() => credential())
      if (!full || !cooling || !disabled || !free || !spare) throw new Error('expected five')
      const untilMs = (await pool.nowMs()) + 60_000
      await takeOne([full])
      await writeHealth(cooling, coolingUntil(untilMs))
      await writeHealth(disabled, { ...initialHealth, attention: 'the key was revoked' })
      const { lease, leases, refusals } = await take([full, cooling, disabled, free, spare])
      expect(lease).toMatchObject({ credentialId: free.credentialId, channelId: free.channelId })
      expect(leases).toBe(1)
      expect(refusals).toEqual([
        { credentialId: full.credentialId, leases: 1, notBeforeMs: null, disabled: false },
        { credentialId: cooling.credentialId, leases: 0, notBeforeMs: untilMs, disabled: false },
        { credentialId: disabled.credentialId, leases: 0, notBeforeMs: null, disabled: true },
      ])
    })

    it('refuses when no candidate has a free slot, and when there are no candidates', async () => {
      const { credential, take, takeOne } = await setUp()
      const only = credential()
      await takeOne([only])
      expect((await take([only])).lease).toBeNull()
      expect(await take([])).toEqual({ lease: null, leases: 0, refusals: [] })
    })

    it('frees the slot with the release of its lease', async () => {
      const { pool, credential, take, takeOne, release, status } = await setUp()
      const only = credential()
      const { leaseId, ...rest } = await takeOne([only])
      const released = await release(leaseId, { store: pool.stores[1] })
      expect(released).toMatchObject({ kind: 'released', leasesBefore: 1, current: true })
      expect(released).toMatchObject({ lease: { leaseId, ...rest } })
      expect(await status(only)).toMatchObject({ leases: 0 })
      expect((await take([only])).lease).not.toBeNull()
    })

    it('ignores the second release of a lease and the release of an unknown lease', async () => {
      const { pool, credential, takeOne, release, status } = await setUp()
      const two = credential({ limit: 2 })
      const first = await takeOne([two])
      await takeOne([two])
      await release(first.leaseId)
      expect(await release(first.leaseId)).toEqual({ kind: 'lost' })
      expect(await release(pool.newId('lease'))).toEqual({ kind: 'lost' })
      expect(await status(two)).toMatchObject({ leases: 1 })
    })

    it('accepts exactly one of several concurrent releases of the same lease', async () => {
      const { pool, credential, takeOne, release } = await setUp()
      const { leaseId } = await takeOne([credential()])
      const results = await Promise.all(
        [0, 1, 0, 1, 0].map((at) => release(leaseId, { store: pool.stores[at === 0 ? 0 : 1] })),
      )
      expect(results.filter(({ kind }) => kind === 'released')).toHaveLength(1)
    })
  })

  describe('expiry', () => {
    it('frees the slot of a lease that was not renewed', async () => {
      const { pool, credential, take, takeOne } = await setUp()
      const only = credential()
      await takeOne([only])
      await pool.advance(TTL_MS - 5_000)
      expect((await take([only])).lease).toBeNull()
      await pool.advance(5_000)
      expect((await take([only])).lease).not.toBeNull()
    })

    it('does not free the slot while its lease is renewed', async () => {
      const { pool, credential, take, takeOne } = await setUp()
      const only = credential()
      const { leaseId } = await takeOne([only])
      for (let turn = 0; turn < 5; turn += 1) {
        await pool.advance(TTL_MS - 5_000)
        const expiresAt = await pool.stores[1].renew({ leaseId, ttlMs: TTL_MS })
        const leftMs = (expiresAt?.getTime() ?? 0) - (await pool.nowMs())
        expect(leftMs).toBeGreaterThan(TTL_MS - 5_000)
        expect(leftMs).toBeLessThanOrEqual(TTL_MS)
      }
      expect((await take([only])).lease).toBeNull()
    })

    it('returns lost for an expired lease, and does not change its successor', async () => {
      const { pool, credential, takeOne, release, status } = await setUp()
      const only = credential()
      const late = await takeOne([only])
      await pool.advance(TTL_MS)
      const successor = await takeOne([only])
      expect(await pool.stores[0].renew({ leaseId: late.leaseId, ttlMs: TTL_MS })).toBeNull()
      expect(await release(late.leaseId)).toEqual({ kind: 'lost' })
      expect(await status(only)).toMatchObject({ leases: 1 })
      expect(successor.fence).toBeGreaterThan(late.fence)
      expect(await release(successor.leaseId)).toMatchObject({ kind: 'released' })
    })

    it('returns each expired lease to one reaper once, and no live lease', async () => {
      const { pool, credential, takeOne, release } = await setUp()
      const [few, other] = [credential({ limit: 5 }), credential()]
      const dead = [await takeOne([few]), await takeOne([few]), await takeOne([other])]
      const released = await takeOne([few])
      await release(released.leaseId)
      const alive = await takeOne([few], { ttlMs: TTL_MS * 3 })
      expect(await pool.stores[0].reap({ limit: 100 })).toEqual([])
      await pool.advance(TTL_MS)
      const first = await pool.stores[0].reap({ limit: 2 })
      const reaped = await Promise.all(pool.stores.map((store) => store.reap({ limit: 100 })))
      const all = [...first, ...reaped.flat()]
      expect(first).toHaveLength(2)
      expect(all.map(({ leaseId }) => leaseId).sort()).toEqual(
        dead.map(({ leaseId }) => leaseId).sort(),
      )
      expect(all).toContainEqual({
        leaseId: dead[2]?.leaseId,
        channelId: other.channelId,
        credentialId: other.credentialId,
      })
      expect(await pool.stores[0].renew({ leaseId: alive.leaseId, ttlMs: TTL_MS })).not.toBeNull()
    })
  })

  describe('fencing tokens', () => {
    it('increase with every lease of a credential on all replicas', async () => {
      const { pool, credential, takeOne, release } = await setUp()
      const only = credential()
      const fences: number[] = []
      for (let turn = 0; turn < 20; turn += 1) {
        const lease = await takeOne([only], { store: pool.stores[turn % 2 === 0 ? 0 : 1] })
        fences.push(lease.fence)
        await release(lease.leaseId)
      }
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b))
      expect(fences.every(Number.isSafeInteger)).toBe(true)
    })

    it('increase after the pool was wiped, also for a replica that starts afterwards', async () => {
      const { pool, credential, takeOne } = await setUp()
      const only = credential()
      const before = await takeOne([only])
      await pool.wipe()
      const after = await takeOne([only])
      await pool.wipe()
      await pool.advance(1)
      const afterRestart = await takeOne([only], { store: pool.restart() })
      expect(after.fence).toBeGreaterThan(before.fence)
      expect(afterRestart.fence).toBeGreaterThan(after.fence)
    })

    it('a lease is lost after the pool was wiped', async () => {
      const { pool, credential, takeOne, release } = await setUp()
      const { leaseId } = await takeOne([credential()])
      await pool.wipe()
      expect(await pool.stores[0].renew({ leaseId, ttlMs: TTL_MS })).toBeNull()
      expect(await release(leaseId)).toEqual({ kind: 'lost' })
    })
  })
}
