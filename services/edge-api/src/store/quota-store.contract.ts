import { describe, expect, it } from 'vitest'

import type { QuotaReservation, QuotaStore } from './quota-store.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const later = (ms: number) => new Date(at.getTime() + ms)
const day = '2026-11-21'

/** A store with the keys `key_1` and `key_2`, and a way to set their quotas. */
export interface QuotasUnderTest {
  store: QuotaStore
  setQuota(apiKeyId: string, quotaMicro: bigint | null): Promise<void>
}

/** The contract of every quota store. */
export function quotaStoreContract(make: () => Promise<QuotasUnderTest>): void {
  const prepared = async (quotaMicro: bigint | null = 100n) => {
    const made = await make()
    await made.setQuota('key_1', quotaMicro)
    await made.setQuota('key_2', quotaMicro)
    const reserve = (ref: string, amountMicro: bigint, facts: Partial<QuotaReservation> = {}) =>
      made.store.reserve({ ref, apiKeyId: 'key_1', day, amountMicro, at, ...facts })
    const used = async (apiKeyId = 'key_1', on = day) =>
      (await made.store.readUsed({ apiKeyIds: [apiKeyId], day: on })).get(apiKeyId) ?? 0n
    const settle = (ref: string, spentMicro: bigint) =>
      made.store.settle({ settlements: [{ ref, spentMicro }], at: later(5) })
    return { ...made, reserve, used, settle }
  }

  describe('a quota store', () => {
    it('lets a key reserve up to its quota and no more', async () => {
      const { reserve, used } = await prepared()
      expect(await reserve('req_1', 60n)).toEqual({ outcome: 'reserved' })
      const refused = { outcome: 'refused', quotaMicro: 100n, usedMicro: 60n }
      expect(await reserve('req_2', 41n)).toEqual(refused)
      expect(await reserve('req_3', 40n)).toEqual({ outcome: 'reserved' })
      expect(await reserve('req_4', 1n)).toMatchObject({ outcome: 'refused', usedMicro: 100n })
      expect(await reserve('req_5', 0n)).toEqual({ outcome: 'reserved' })
      expect(await used()).toBe(100n)
    })

    it('rejects a first request above the whole quota, and counts nothing', async () => {
      const { reserve, used } = await prepared()
      const refused = { outcome: 'refused', quotaMicro: 100n, usedMicro: 0n }
      expect(await reserve('req_1', 101n)).toEqual(refused)
      expect(await used()).toBe(0n)
    })

    it('never exceeds the quota under concurrent reservations', async () => {
      const { reserve, used } = await prepared()
      const calls = Array.from({ length: 40 }, (_none, index) => reserve(`req_${index}`, 7n))
      const outcomes = (await Promise.all(calls)).map(({ outcome }) => outcome)
      expect(outcomes.filter((outcome) => outcome === 'reserved')).toHaveLength(14)
      expect(await used()).toBe(98n)
    })

    it('reserves once for one ref, also under concurrent and later repeats', async () => {
      const { reserve, used, settle } = await prepared()
      const same = await Promise.all([1, 2, 3, 4, 5].map(() => reserve('img_1', 60n)))
      const outcomes = same.map(({ outcome }) => outcome).sort()
      expect(outcomes).toEqual(['known', 'known', 'known', 'known', 'reserved'])
      await settle('img_1', 10n)
      expect(await reserve('img_1', 60n)).toEqual({ outcome: 'known' })
      expect(await used()).toBe(10n)
    })

    it('retains the spent amount and frees the rest, once for each reservation', async () => {
      const { reserve, used, settle } = await prepared()
      await reserve('req_1', 60n)
      await settle('req_1', 25n)
      await settle('req_1', 60n)
      await settle('req_unknown', 60n)
      expect(await used()).toBe(25n)
      expect(await reserve('req_2', 75n)).toEqual({ outcome: 'reserved' })
      await settle('req_2', 0n)
      expect(await used()).toBe(25n)
    })

    it('settles many reservations of several keys, also in overlapping batches', async () => {
      const { reserve, used, store } = await prepared(1_000n)
      const refs = Array.from({ length: 20 }, (_none, index) => `req_${10 + index}`)
      for (const [index, ref] of refs.entries())
        await reserve(ref, 10n, { apiKeyId: `key_${1 + (index % 2)}` })
      const batch = (some: readonly string[]) =>
        store.settle({ settlements: some.map((ref) => ({ ref, spentMicro: 3n })), at })
      await Promise.all([batch(refs.slice(0, 11)), batch(refs.slice(9).toReversed())])
      expect([await used('key_1'), await used('key_2')]).toEqual([30n, 30n])
      expect(await store.listOpen({ openedBefore: later(1), limit: 9 })).toEqual([])
    })

    it('counts every key and every day separately', async () => {
      const { reserve, used } = await prepared()
      await reserve('req_1', 100n)
      expect(await reserve('req_2', 100n, { apiKeyId: 'key_2' })).toEqual({ outcome: 'reserved' })
      expect(await reserve('req_3', 90n, { day: '2026-11-22' })).toEqual({ outcome: 'reserved' })
      expect(await used('key_1', '2026-11-22')).toBe(90n)
    })

    it('applies the current quota: a lowered one rejects, a removed one does not', async () => {
      const { reserve, used, setQuota } = await prepared()
      await reserve('req_1', 60n)
      await setQuota('key_1', 50n)
      const refused = { outcome: 'refused', quotaMicro: 50n, usedMicro: 60n }
      expect(await reserve('req_2', 1n)).toEqual(refused)
      await setQuota('key_1', null)
      expect(await reserve('req_3', 5_000n)).toEqual({ outcome: 'reserved' })
      expect(await used()).toBe(5_060n)
    })

    it('lists open reservations page by page, and only those that are old enough', async () => {
      const { reserve, store, settle } = await prepared()
      for (const ref of ['req_1', 'req_2', 'req_3', 'req_4']) await reserve(ref, 1n)
      await reserve('req_5', 1n, { at: later(1_000) })
      await settle('req_2', 1n)
      const openedBefore = later(1_000)
      const first = await store.listOpen({ openedBefore, limit: 2 })
      expect(first).toEqual([
        { ref: 'req_1', openedAt: at },
        { ref: 'req_3', openedAt: at },
      ])
      const next = await store.listOpen({ openedBefore, after: 'req_3', limit: 2 })
      expect(next.map(({ ref }) => ref)).toEqual(['req_4'])
    })

    it('prunes reservations settled long ago and past days, but nothing open', async () => {
      const { reserve, used, store, settle } = await prepared()
      await reserve('req_1', 10n)
      await reserve('req_2', 10n)
      await settle('req_1', 4n)
      const prune = (settledBefore: Date, dayBefore: string) =>
        store.prune({ settledBefore, dayBefore, limit: 10 })
      expect(await prune(later(5), day)).toBe(0)
      expect(await prune(later(6), '2026-11-22')).toBe(1)
      expect(await used()).toBe(14n)
      await settle('req_2', 0n)
      expect(await prune(later(6), '2026-11-22')).toBe(2)
      expect(await used()).toBe(0n)
    })
  })
}
