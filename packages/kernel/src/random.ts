/** A random number generator as an argument, so that a seed makes a run reproducible. */
export interface Random {
  /** A float in [0, 1). */
  next(): number
  /** An integer in [0, below). */
  integer(below: number): number
  /** `length` random bytes; secrets may be made of them only when they come from `systemRandom`. */
  bytes(length: number): Uint8Array
}

/** Cryptographically secure random numbers; at most 65,536 bytes per call. Works in browsers too. */
export const systemRandom: Random = {
  next: () => uint32(systemRandom.bytes(4)) / 2 ** 32,
  integer: (below) => Math.floor(systemRandom.next() * below),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
}

/** Deterministic random numbers from a seed (mulberry32); for tests and simulations only. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number) => Math.floor(next() * below)
  return { next, integer, bytes: (length) => Uint8Array.from({ length }, () => integer(256)) }
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
}
