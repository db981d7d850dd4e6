import type { Finding } from '../../ledger/report.ts'

/** Many rows that show the same fault are one finding, which names the first of them. */
export function countFindings(faults: readonly Omit<Finding, 'count'>[], kindOf = byInvariant) {
  return [...Map.groupBy(faults, kindOf).values()].flatMap((group): Finding[] => {
    const [first] = group
    return first ? [{ ...first, count: group.length }] : []
  })
}

const byInvariant = ({ invariant }: Omit<Finding, 'count'>): string => String(invariant)
