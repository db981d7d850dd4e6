/** The keys of the oldest blobs of a walk, oldest first; keys of one moment in their own order. */
export async function listOldest(
  walk: AsyncIterable<{ key: string; storedAt: Date }>,
  { storedBefore, limit }: { storedBefore?: Date; limit: number },
): Promise<string[]> {
  const found: { key: string; atMs: number }[] = []
  for await (const { key, storedAt } of walk) {
    if (storedBefore && storedAt >= storedBefore) continue
    found.push({ key, atMs: storedAt.getTime() })
    // Sorted now and then, so that a long walk holds no more than a few times the limit.
    if (found.length >= 4 * limit + 1_000) keepOldest(found, limit)
  }
  return keepOldest(found, limit).map(({ key }) => key)
}

function keepOldest(found: { key: string; atMs: number }[], limit: number) {
  found.sort((a, b) => a.atMs - b.atMs || (a.key < b.key ? -1 : 1))
  found.length = Math.min(found.length, limit)
  return found
}
