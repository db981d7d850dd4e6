import type { Random } from '@sluice/kernel/random'

/** 120 bits in 20 characters. */
const BYTES = 15

/** A random password. */
export function generatePassword({ random }: { random: Random }): string {
  return Buffer.from(random.bytes(BYTES)).toString('base64url')
}
