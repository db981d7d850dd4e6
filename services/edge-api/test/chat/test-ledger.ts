import type { Billing, UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import { chargeUsage } from '@sluice/pricing/charge-usage'

type ChatBilling = Pick<
  Billing,
  | 'openAllowance'
  | 'renewAllowances'
  | 'closeAllowance'
  | 'captureUsage'
  | 'readSettlements'
  | 'readPrices'
  | 'readBalance'
>

export interface TestLedger {
  billing: ChatBilling
  /** Every record that was captured, once. */
  records: UsageRecord[]
  availableMicro(): bigint
  /** Allowances that are open. */
  open(): number
  away: boolean
}

/** Billing as far as a chat request meets it: a balance, allowances, and records that count once. */
export function testLedger({
  prices,
  balanceMicro,
}: {
  prices: PriceRow[]
  balanceMicro: bigint
}): TestLedger {
  const allowances = new Map<string, { leftMicro: bigint; open: boolean }>()
  const seen = new Set<string>()
  let availableMicro = balanceMicro

  const here = () => {
    if (ledger.away) throw new AppError('unavailable', 'billing is away')
  }
  const capture = (record: UsageRecord): boolean => {
    if (seen.has(record.requestId)) return false
    const price = prices.find(({ id }) => id === record.priceId)
    if (!price) throw new AppError('invalid_value', 'no such price')
    const { usage, reservedMicro, endState } = record
    const charge = chargeUsage({ usage, price: price.price, reservedMicro, endState })
    if (charge.amountMicro !== record.amountMicro)
      throw new AppError('invalid_value', 'rated wrong')
    const allowance = allowances.get(record.allowanceId)
    if (!allowance || allowance.leftMicro < record.amountMicro) {
      throw new AppError('invalid_value', 'more than was granted')
    }
    allowance.leftMicro -= record.amountMicro
    seen.add(record.requestId)
    ledger.records.push(record)
    return true
  }

  const ledger: TestLedger = {
    records: [],
    away: false,
    availableMicro: () => availableMicro,
    open: () => [...allowances.values()].filter(({ open }) => open).length,
    billing: {
      readBalance: async () => {
        here()
        return { postedMicro: availableMicro, heldMicro: 0n, availableMicro }
      },
      readPrices: async () => ({ rows: prices }),
      openAllowance: async ({ allowanceId, needMicro, wantMicro, leaseMs }) => {
        here()
        if (availableMicro < needMicro) {
          return { outcome: 'refused', requiredMicro: needMicro, availableMicro }
        }
        const share = availableMicro / 2n
        const most = share > needMicro ? share : needMicro
        const amountMicro = wantMicro < most ? wantMicro : most
        availableMicro -= amountMicro
        allowances.set(allowanceId, { leftMicro: amountMicro, open: true })
        return { outcome: 'opened', amountMicro, expiresAt: new Date(leaseMs) }
      },
      renewAllowances: async ({ allowanceIds }) => {
        here()
        const open = allowanceIds.filter((id) => allowances.get(id)?.open)
        return { open: open.map((allowanceId) => ({ allowanceId, expiresAt: new Date(0) })) }
      },
      closeAllowance: async ({ allowanceId }) => {
        here()
        const allowance = allowances.get(allowanceId)
        if (!allowance?.open) return { releasedMicro: 0n }
        allowance.open = false
        availableMicro += allowance.leftMicro
        return { releasedMicro: allowance.leftMicro }
      },
      readSettlements: async ({ refs }) => {
        here()
        const known = ledger.records.filter(({ requestId }) => refs.includes(requestId))
        const settled = known.map(({ requestId: ref, amountMicro: chargedMicro }) => ({
          ref,
          chargedMicro,
        }))
        return { settled, open: [] }
      },
      captureUsage: async ({ records }) => {
        here()
        const captured = records.filter(capture)
        return {
          captured: captured.length,
          duplicates: records.length - captured.length,
          capturedMicro: captured.reduce((sum, { amountMicro }) => sum + amountMicro, 0n),
          receivableMicro: 0n,
        }
      },
    },
  }
  return ledger
}
