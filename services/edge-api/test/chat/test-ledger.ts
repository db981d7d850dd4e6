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
  /** Captured records without duplicates. */
  records: UsageRecord[]
  availableMicro(): bigint
  /** The number of open allowances. */
  open(): number
  unavailable: boolean
}

/** The billing calls of a chat request in memory: a balance, allowances, and idempotent usage records. */
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

  const assertAvailable = () => {
    if (ledger.unavailable) throw new AppError('unavailable', 'billing is unavailable')
  }
  const capture = (record: UsageRecord): boolean => {
    if (seen.has(record.requestId)) return false
    const price = prices.find(({ id }) => id === record.priceId)
    if (!price) throw new AppError('invalid_value', 'no such price')
    const { usage, reservedMicro, endState } = record
    const charge = chargeUsage({ usage, price: price.price, reservedMicro, endState })
    if (charge.amountMicro !== record.amountMicro)
      throw new AppError('invalid_value', 'wrong amount')
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
    unavailable: false,
    availableMicro: () => availableMicro,
    open: () => [...allowances.values()].filter(({ open }) => open).length,
    billing: {
      readBalance: async () => {
        assertAvailable()
        return { postedMicro: availableMicro, heldMicro: 0n, availableMicro }
      },
      readPrices: async () => ({ rows: prices }),
      openAllowance: async ({ allowanceId, needMicro, wantMicro, leaseMs }) => {
        assertAvailable()
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
        assertAvailable()
        const open = allowanceIds.filter((id) => allowances.get(id)?.open)
        return { open: open.map((allowanceId) => ({ allowanceId, expiresAt: new Date(0) })) }
      },
      closeAllowance: async ({ allowanceId }) => {
        assertAvailable()
        const allowance = allowances.get(allowanceId)
        if (!allowance?.open) return { releasedMicro: 0n }
        allowance.open = false
        availableMicro += allowance.leftMicro
        return { releasedMicro: allowance.leftMicro }
      },
      readSettlements: async ({ refs }) => {
        assertAvailable()
        const known = ledger.records.filter(({ requestId }) => refs.includes(requestId))
        const settled = known.map(({ requestId: ref, amountMicro: chargedMicro }) => ({
          ref,
          chargedMicro,
        }))
        return { settled, open: [] }
      },
      captureUsage: async ({ records }) => {
        assertAvailable()
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
