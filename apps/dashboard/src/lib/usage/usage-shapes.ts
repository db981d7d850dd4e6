import type { UsageRow } from '@sluice/contracts/control/usage'

const STACKS_MAX = 6

/** The sums of one model over all days. */
export interface ModelSums extends Omit<UsageRow, 'day'> {}

/** One row for each model, the highest charge first. */
export function byModel(rows: readonly UsageRow[]): ModelSums[] {
  const sums = new Map<string, ModelSums>()
  for (const { day: _, ...row } of rows) {
    const known = sums.get(row.model)
    sums.set(row.model, known ? added(known, row) : row)
  }
  return [...sums.values()].toSorted(byChargeDescending)
}

function added(one: ModelSums, other: ModelSums): ModelSums {
  return {
    model: one.model,
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    pictures: one.pictures + other.pictures,
    charged_micro: (BigInt(one.charged_micro) + BigInt(other.charged_micro)).toString(),
  }
}

function byChargeDescending(one: ModelSums, other: ModelSums): number {
  const difference = BigInt(other.charged_micro) - BigInt(one.charged_micro)
  if (difference !== 0n) return difference > 0n ? 1 : -1
  return other.requests - one.requests || (one.model < other.model ? -1 : 1)
}

/** Every day from `from` to `to`, both included. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = []
  const endMs = Date.parse(`${to}T00:00:00Z`)
  for (let ms = Date.parse(`${from}T00:00:00Z`); ms <= endMs; ms += 86_400_000) {
    days.push(new Date(ms).toISOString().slice(0, 10))
  }
  return days
}

/** The charge of each model on each day; the most expensive models have a stack each, the rest share one. */
export function stacksOf(
  rows: readonly UsageRow[],
  days: readonly string[],
): { model: string | undefined; micros: bigint[] }[] {
  const models = byModel(rows).filter(({ charged_micro }) => BigInt(charged_micro) > 0n)
  const shown = models.slice(0, STACKS_MAX).map(({ model }) => model)
  const at = new Map(days.map((day, index) => [day, index]))
  const stack = (takes: (model: string) => boolean) => {
    const micros = days.map(() => 0n)
    for (const row of rows) {
      const index = at.get(row.day)
      if (index !== undefined && takes(row.model))
        micros[index] = (micros[index] ?? 0n) + BigInt(row.charged_micro)
    }
    return micros
  }
  const own = shown.map((name) => ({ model: name, micros: stack((model) => model === name) }))
  if (models.length <= STACKS_MAX) return own
  return [...own, { model: undefined, micros: stack((model) => !shown.includes(model)) }]
}
