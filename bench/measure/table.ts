/** A Markdown table; numbers are right-aligned. */
export function table(columns: string[], rows: (string | number)[][]): string {
  const line = (cells: (string | number)[]) => `| ${cells.join(' | ')} |`
  const rule = columns.map((_, index) => (typeof rows[0]?.[index] === 'number' ? '--:' : '---'))
  return [line(columns), line(rule), ...rows.map(line)].join('\n')
}

/** The median; for an even count the lower of the two middle values. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

/** The quantile at `share` (0..1). */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Rounds to three significant digits. */
export const brief = (value: number): number => Number(value.toPrecision(3))
