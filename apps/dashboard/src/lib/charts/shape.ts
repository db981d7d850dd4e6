/** The points of a sparkline in a box of 100 by 100, from the lowest value to the highest. */
export function sparkPoints(values: readonly number[]): { x: number; y: number }[] {
  const high = Math.max(...values)
  const low = Math.min(...values, 0)
  const span = high - low || 1
  const step = values.length > 1 ? 100 / (values.length - 1) : 0
  return values.map((value, index) => ({
    x: round(index * step),
    y: round(100 - ((value - low) / span) * 100),
  }))
}

/** Round numbers for an axis: about `count` steps from 0 to at least `high`. */
export function axisSteps(high: number, count = 4): number[] {
  if (!(high > 0)) return [0, 1]
  const rough = high / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const size = ([1, 2, 2.5, 5, 10].find((step) => step * power >= rough) ?? 10) * power
  const steps = Math.ceil(high / size - 1e-9)
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * size).toPrecision(12)))
}

const round = (value: number) => Math.round(value * 100) / 100
