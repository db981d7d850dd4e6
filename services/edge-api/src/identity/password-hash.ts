import { argon2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

import type { Random } from '@sluice/kernel/random'

// OWASP password storage sheet: argon2id with at least 19 MiB, two passes, one lane.
const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1
const SALT_BYTES = 16
const TAG_BYTES = 32

// Accepted parameters: those of this release, and room for later releases. Larger values are rejected.
const MEMORY_KIB_MAX = 1_048_576
const PASSES_MAX = 64
const LANES_MAX = 16
const KIB_A_LANE_MIN = 8 // RFC 9106 §3.1
const SHAPE =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

const derive = promisify(argon2)

/** No password matches it; verifying against it takes as long as against any other hash. */
export const dummyHash = phc(Buffer.alloc(SALT_BYTES), Buffer.alloc(TAG_BYTES))

/** A password as a PHC string (argon2id), which contains its parameters, so that they can grow. */
export async function hashPassword(
  { random }: { random: Random },
  password: string,
): Promise<string> {
  const nonce = random.bytes(SALT_BYTES)
  const tag = await derive('argon2id', {
    message: normalized(password),
    nonce,
    parallelism: LANES,
    tagLength: TAG_BYTES,
    memory: MEMORY_KIB,
    passes: PASSES,
  })
  return phc(nonce, tag)
}

/** True if the PHC string was derived from this password. False for an unsupported string. */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const [, memory, passes, lanes, salt = '', tag = ''] = SHAPE.exec(hash) ?? []
  const [memoryKib, passCount, laneCount] = [Number(memory), Number(passes), Number(lanes)]
  const bounded =
    isWithin(laneCount, 1, LANES_MAX) &&
    isWithin(passCount, 1, PASSES_MAX) &&
    isWithin(memoryKib, KIB_A_LANE_MIN * laneCount, MEMORY_KIB_MAX)
  if (!bounded) return false
  const expected = Buffer.from(tag, 'base64')
  const found = await derive('argon2id', {
    message: normalized(password),
    nonce: Buffer.from(salt, 'base64'),
    parallelism: laneCount,
    tagLength: expected.length,
    memory: memoryKib,
    passes: passCount,
  })
  return timingSafeEqual(found, expected)
}

const isWithin = (value: number, min: number, max: number) => value >= min && value <= max

// NIST SP 800-63B §5.1.1.2: Unicode normalization, so that the input method does not matter.
const normalized = (password: string) => password.normalize('NFKC')

function phc(nonce: Uint8Array, tag: Uint8Array): string {
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${base64(nonce)}$${base64(tag)}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
