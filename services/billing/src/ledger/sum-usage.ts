import type { UsageSum } from '@sluice/contracts/charges'
import type { Usage } from '@sluice/contracts/usage'

import type { Hold } from './hold.ts'
import { chargedOn } from './hold.ts'
import type { StoredUsage } from './invariants.ts'

interface Consumed {
  at: Date
  model: string
  usage: Usage | null
  chargedMicro: bigint
}

/** Usage of jobs and calls by UTC day and model; the PostgreSQL store computes the same in a query. */
export function sumUsage({
  holds,
  calls,
}: {
  holds: readonly Hold[]
  calls: readonly StoredUsage[]
}): UsageSum[] {
  const sums = new Map<string, UsageSum>()
  for (const { at, model, usage, chargedMicro } of [...holds.map(ofJob), ...calls.map(ofCall)]) {
    const day = at.toISOString().slice(0, 10)
    const key = `${day} ${model}`
    const sum = sums.get(key) ?? emptySum({ day, model })
    sums.set(key, {
      ...sum,
      calls: sum.calls + 1,
      inputTokens: sum.inputTokens + (usage?.kind === 'tokens' ? usage.input : 0),
      outputTokens: sum.outputTokens + (usage?.kind === 'tokens' ? usage.output : 0),
      pictures: sum.pictures + (usage?.kind === 'images' ? usage.pictures.length : 0),
      chargedMicro: sum.chargedMicro + chargedMicro,
    })
  }
  return [...sums.values()]
}

const emptySum = (row: Pick<UsageSum, 'day' | 'model'>): UsageSum => ({
  ...row,
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  pictures: 0,
  chargedMicro: 0n,
})

const ofJob = (hold: Hold): Consumed => ({
  at: hold.openedAt,
  model: hold.model ?? '',
  usage: hold.usage,
  chargedMicro: chargedOn(hold),
})

const ofCall = ({ endedAt, model, usage, amountMicro }: StoredUsage): Consumed => ({
  at: endedAt,
  model,
  usage,
  chargedMicro: amountMicro,
})
