import type { Billing } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import { lesser } from '@sluice/kernel/credits'
import { rateUsage } from '@sluice/pricing/rate-usage'

interface TestHold {
  amountMicro: bigint
  state: 'open' | 'captured' | 'voided'
  chargedMicro: bigint
}

type TestMethod =
  | 'openHold'
  | 'voidHold'
  | 'captureHold'
  | 'readBalance'
  | 'readCharge'
  | 'readSettlements'

/** The billing calls of an image request in memory: a balance, and holds by job. */
export function createTestBilling(row: PriceRow, { balanceMicro }: { balanceMicro: bigint }) {
  const holds = new Map<string, TestHold>()
  let availableMicro = balanceMicro
  const close = (ref: string, chargedMicro: bigint, state: 'captured' | 'voided') => {
    const hold = holds.get(ref)
    if (hold?.state !== 'open') return
    availableMicro += hold.amountMicro - chargedMicro
    holds.set(ref, { ...hold, state, chargedMicro })
  }

  const billing: Pick<Billing, TestMethod> = {
    openHold: async ({ ref, worstCase }) => {
      const existing = holds.get(ref)
      if (existing && existing.state !== 'open') return { outcome: 'ended', holdId: ref }
      const priceId = row.id
      if (existing)
        return {
          outcome: 'opened',
          holdId: ref,
          amountMicro: existing.amountMicro,
          priceId,
          fresh: false,
        }
      const requiredMicro = rateUsage(worstCase, row.price)
      if (requiredMicro > availableMicro)
        return { outcome: 'refused', requiredMicro, availableMicro }
      availableMicro -= requiredMicro
      holds.set(ref, { amountMicro: requiredMicro, state: 'open', chargedMicro: 0n })
      return { outcome: 'opened', holdId: ref, amountMicro: requiredMicro, priceId, fresh: true }
    },
    voidHold: async ({ ref }) => {
      const releasedMicro = holds.get(ref)?.amountMicro ?? 0n
      close(ref, 0n, 'voided')
      return { releasedMicro }
    },
    captureHold: async ({ ref, usage }) => {
      const hold = holds.get(ref)
      const capturedMicro = lesser(rateUsage(usage, row.price), hold?.amountMicro ?? 0n)
      close(ref, capturedMicro, 'captured')
      return {
        holdId: ref,
        capturedMicro,
        releasedMicro: (hold?.amountMicro ?? 0n) - capturedMicro,
        upstreamLossMicro: 0n,
        fresh: hold?.state === 'open',
      }
    },
    readBalance: async () => {
      const open = [...holds.values()].filter(({ state }) => state === 'open')
      const heldMicro = open.reduce((sum, { amountMicro }) => sum + amountMicro, 0n)
      return { availableMicro, heldMicro, postedMicro: availableMicro + heldMicro }
    },
    readCharge: async ({ id }) => {
      const hold = holds.get(id)
      if (!hold) throw new AppError('not_found', 'No such charge.')
      return chargeOf(id, hold)
    },
    readSettlements: async ({ refs }) => {
      const existing = refs.flatMap((ref) => {
        const hold = holds.get(ref)
        return hold ? [{ ref, ...hold }] : []
      })
      return {
        settled: existing.filter(({ state }) => state !== 'open'),
        open: existing.filter(({ state }) => state === 'open').map(({ ref }) => ref),
      }
    },
  }
  return { billing, holds, availableMicro: () => availableMicro }
}

function chargeOf(id: string, { state, amountMicro, chargedMicro }: TestHold) {
  const charged = chargedMicro > 0n ? ('charged' as const) : ('free' as const)
  return {
    id,
    kind: 'images' as const,
    model: 'm',
    apiKeyId: null,
    state: state === 'open' ? ('open' as const) : charged,
    chargedMicro,
    at: new Date(0),
    price: null,
    usage: null,
    source: null,
    heldMicro: amountMicro,
    capturedMicro: chargedMicro,
    releasedMicro: state === 'open' ? 0n : amountMicro - chargedMicro,
    lateMicro: 0n,
    receivableMicro: 0n,
    refundedMicro: 0n,
    lossMicro: 0n,
    openedAt: null,
    settledAt: null,
    entries: [],
  }
}
