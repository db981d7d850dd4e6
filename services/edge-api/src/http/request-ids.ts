import type { Clock } from '@sluice/kernel/clock'
import { newId } from '@sluice/kernel/ids'
import type { Random } from '@sluice/kernel/random'

const BLOCK_BYTES = 8_192

/**
 * Generates request ids. Random bytes are read in blocks, because one system call per id is a measurable
 * share of a request's cost. For ids only, never for secrets.
 */
export function requestIds({ clock, random }: { clock: Clock; random: Random }): () => string {
  let block: Uint8Array = new Uint8Array(0)
  let at = 0
  const pooled: Random = {
    ...random,
    bytes(length) {
      if (at + length > block.length) {
        block = random.bytes(BLOCK_BYTES)
        at = 0
      }
      at += length
      return block.subarray(at - length, at)
    },
  }
  return () => newId('req', { clock, random: pooled })
}
