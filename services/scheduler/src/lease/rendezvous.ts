const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/**
 * The rank of `id` for `key` by weighted rendezvous hashing: the highest wins. The same key prefers the same id
 * on every replica while that id exists; over many keys an id wins in proportion to its weight. It serves
 * affinity (the key is the caller's) and random order (the key is random).
 */
export function preference({
  key,
  id,
  weight = 1,
}: {
  key: string
  id: string
  weight?: number
}): number {
  return weight / -Math.log(unit(`${key}/${id}`))
}

/** FNV-1a with a final mix, as a number strictly between 0 and 1. Not for secrets. */
function unit(text: string): number {
  let hash = FNV_OFFSET
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash = (hash ^ (hash >>> 16)) >>> 0
  return (hash + 0.5) / 2 ** 32
}
