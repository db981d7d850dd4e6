import { argon2 } from 'node:crypto'
import { promisify } from 'node:util'

import type { Random } from '@sluice/kernel/random'

// OWASP password storage sheet: argon2id with at least 19 MiB, two passes, one lane.
const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1
const SALT_BYTES = 16
const TAG_BYTES = 32

/** A password as a PHC string (argon2id); its parameters stand in it, so that they can grow. */
export async function hashPassword(
  { random }: { random: Random },
  password: string,
): Promise<string> {
  const nonce = random.bytes(SALT_BYTES)
  const tag = await promisify(argon2)('argon2id', {
    message: password.normalize('NFKC'),
    nonce,
    parallelism: LANES,
    tagLength: TAG_BYTES,
    memory: MEMORY_KIB,
    passes: PASSES,
  })
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${base64(nonce)}$${base64(tag)}`
}
