import { lesser } from '@sluice/kernel/credits'

import type { QuotaReservation, QuotaStore } from './quota-store.ts'

interface Day {
  apiKeyId: string
  day: string
  reservedMicro: bigint
  spentMicro: bigint
}

interface Reservation extends QuotaReservation {
  settledAt: Date | null
}

export interface MemoryQuotaStore extends QuotaStore {
  readDays(): readonly Readonly<Day>[]
}

/** In-memory implementation for tests. `quotaOf` reads the key's current quota; null is none. */
export function memoryQuotaStore({
  quotaOf,
}: {
  quotaOf: (apiKeyId: string) => bigint | null
}): MemoryQuotaStore {
  const days = new Map<string, Day>()
  const reservations = new Map<string, Reservation>()
  const dayOf = ({ apiKeyId, day }: Pick<QuotaReservation, 'apiKeyId' | 'day'>) => {
    const name = `${apiKeyId} ${day}`
    const known = days.get(name) ?? { apiKeyId, day, reservedMicro: 0n, spentMicro: 0n }
    days.set(name, known)
    return known
  }
  return {
    async reserve(reservation) {
      if (reservations.has(reservation.ref)) return { outcome: 'known' }
      const day = dayOf(reservation)
      const quotaMicro = quotaOf(reservation.apiKeyId)
      const usedMicro = day.reservedMicro + day.spentMicro
      if (quotaMicro !== null && usedMicro + reservation.amountMicro > quotaMicro)
        return { outcome: 'refused', quotaMicro, usedMicro }
      day.reservedMicro += reservation.amountMicro
      reservations.set(reservation.ref, { ...reservation, settledAt: null })
      return { outcome: 'reserved' }
    },
    async settle({ settlements, at }) {
      for (const { ref, spentMicro } of settlements) {
        const reservation = reservations.get(ref)
        if (!reservation || reservation.settledAt) continue
        reservation.settledAt = at
        const day = dayOf(reservation)
        day.reservedMicro -= reservation.amountMicro
        day.spentMicro += lesser(spentMicro, reservation.amountMicro)
      }
    },
    async readUsed({ apiKeyIds, day }) {
      const used = [...days.values()].filter(
        (one) => one.day === day && apiKeyIds.includes(one.apiKeyId),
      )
      return new Map(
        used.map(({ apiKeyId, reservedMicro, spentMicro }) => [
          apiKeyId,
          reservedMicro + spentMicro,
        ]),
      )
    },
    async listOpen({ openedBefore, after = '', limit }) {
      return [...reservations.values()]
        .filter(({ settledAt, at, ref }) => !settledAt && at < openedBefore && ref > after)
        .sort((a, b) => (a.ref < b.ref ? -1 : 1))
        .slice(0, limit)
        .map(({ ref, at }) => ({ ref, openedAt: at }))
    },
    async prune({ settledBefore, dayBefore, limit }) {
      const settled = [...reservations.values()]
        .filter(({ settledAt }) => settledAt && settledAt < settledBefore)
        .slice(0, limit)
      for (const { ref } of settled) reservations.delete(ref)
      const old = [...days]
        .filter(([, { day, reservedMicro }]) => day < dayBefore && reservedMicro === 0n)
        .slice(0, limit)
      for (const [name] of old) days.delete(name)
      return settled.length + old.length
    },
    readDays: () => [...days.values()],
  }
}
