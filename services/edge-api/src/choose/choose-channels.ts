import type { Candidate } from './catalog.ts'

/**
 * The order in which channels are tried: from the highest priority down, within one priority by weight
 * and dice. `roll` answers a number in [0, 1); it is not asked when there is nothing to decide.
 */
export function chooseChannels(
  candidates: readonly Candidate[],
  roll: () => number,
): readonly Candidate[] {
  if (candidates.length < 2) return candidates
  const ordered: Candidate[] = []
  for (let start = 0; start < candidates.length;) {
    const end = endOfPriority(candidates, start)
    drawByWeight(candidates.slice(start, end), roll, ordered)
    start = end
  }
  return ordered
}

// The snapshot keeps them sorted by priority.
function endOfPriority(candidates: readonly Candidate[], start: number): number {
  const priority = candidates[start]?.channel.priority
  let end = start
  while (candidates[end]?.channel.priority === priority && end < candidates.length) end += 1
  return end
}

/** Draws without putting back: a channel of twice the weight is twice as often the first. */
function drawByWeight(from: Candidate[], roll: () => number, into: Candidate[]): void {
  let total = from.reduce((sum, { channel }) => sum + channel.weight, 0)
  while (from.length > 1) {
    let left = roll() * total
    let at = 0
    for (const [index, { channel }] of from.entries()) {
      at = index
      left -= channel.weight
      if (left < 0) break
    }
    const [generated] = from.splice(at, 1)
    if (!generated) return
    total -= generated.channel.weight
    into.push(generated)
  }
  into.push(...from)
}
