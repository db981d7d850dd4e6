import type { Candidate } from './catalog.ts'

/**
 * The order in which channels are tried: by descending priority, and by weighted random order within one
 * priority. `roll` returns a number in [0, 1); it is not called for a single candidate.
 */
export function chooseChannels(
  candidates: readonly Candidate[],
  roll: () => number,
): readonly Candidate[] {
  if (candidates.length < 2) return candidates
  const ordered: Candidate[] = []
  for (let start = 0; start < candidates.length;) {
    const end = endOfPriority(candidates, start)
    shuffleByWeight(candidates.slice(start, end), roll, ordered)
    start = end
  }
  return ordered
}

// The snapshot sorts candidates by priority.
function endOfPriority(candidates: readonly Candidate[], start: number): number {
  const priority = candidates[start]?.channel.priority
  let end = start
  while (candidates[end]?.channel.priority === priority && end < candidates.length) end += 1
  return end
}

/** Weighted random order without replacement: a channel of twice the weight is first twice as often. */
function shuffleByWeight(from: Candidate[], roll: () => number, into: Candidate[]): void {
  let total = from.reduce((sum, { channel }) => sum + channel.weight, 0)
  while (from.length > 1) {
    let left = roll() * total
    let at = 0
    for (const [index, { channel }] of from.entries()) {
      at = index
      left -= channel.weight
      if (left < 0) break
    }
    const [chosen] = from.splice(at, 1)
    if (!chosen) return
    total -= chosen.channel.weight
    into.push(chosen)
  }
  into.push(...from)
}
