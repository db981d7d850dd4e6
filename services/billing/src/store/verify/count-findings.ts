import type { Finding } from '../../ledger/report.ts'

/** Groups rows with the same fault into one finding, which reports the first of them. */
export function countFindings(faults: readonly Omit<Finding, 'count'>[], kindOf = byInvariant) {
  return [...Map.groupBy(faults, kindOf).values()].flatMap((group): Finding[] => {
    const [first] = group
    return first ? [{ ...first, count: group.length }] : []
  })
}

const byInvariant = ({ invariant }: Omit<Finding, 'count'>): string => String(invariant)
