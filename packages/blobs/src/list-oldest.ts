/** The keys of the oldest blobs of a walk, oldest first; keys with equal times in alphabetical order. */
export async function listOldest(
  walk: AsyncIterable<{ key: string; storedAt: Date }>,
  { storedBefore, limit }: { storedBefore?: Date; limit: number },
): Promise<string[]> {
  const found: { key: string; atMs: number }[] = []
  for await (const { key, storedAt } of walk) {
    if (storedBefore && storedAt >= storedBefore) continue
    found.push({ key, atMs: storedAt.getTime() })
    // Truncated from time to time, so that a long walk holds at most a few times the limit in memory.
    if (found.length >= 4 * limit + 1_000) truncateToOldest(found, limit)
  }
  return truncateToOldest(found, limit).map(({ key }) => key)
}

function truncateToOldest(found: { key: string; atMs: number }[], limit: number) {
  found.sort((a, b) => a.atMs - b.atMs || (a.key < b.key ? -1 : 1))
  found.length = Math.min(found.length, limit)
  return found
}
