/** Money: integers of a millionth of a credit. Never a float (ARCHITECTURE §5, money). */
export type MicroCredits = bigint

export const MICRO_PER_CREDIT = 1_000_000n

/** The smaller of two amounts. */
export const lesser = (a: MicroCredits, b: MicroCredits): MicroCredits => (a < b ? a : b)

/** The larger of two amounts. */
export const greater = (a: MicroCredits, b: MicroCredits): MicroCredits => (a > b ? a : b)

/** The sum of the amounts; zero for none. */
export const sum = (amounts: Iterable<MicroCredits>): MicroCredits => {
  let total = 0n
  for (const amount of amounts) total += amount
  return total
}

/** `dividend / divisor` rounded up, for amounts that are not negative. */
export function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

/** Micro-credits as a decimal number of credits: `12.5`, `-0.000001`. Exact, without trailing zeros. */
export function formatCredits(amount: MicroCredits): string {
  const sign = amount < 0n ? '-' : ''
  const size = amount < 0n ? -amount : amount
  const fraction = (size % MICRO_PER_CREDIT).toString().padStart(6, '0').replace(/0+$/, '')
  return `${sign}${size / MICRO_PER_CREDIT}${fraction ? `.${fraction}` : ''}`
}

/** Inverse of `formatCredits`; undefined unless the text is a decimal with at most six fraction digits. */
export function parseCredits(text: string): MicroCredits | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  const size = BigInt(whole) * MICRO_PER_CREDIT + BigInt(fraction.padEnd(6, '0'))
  return sign ? -size : size
}
