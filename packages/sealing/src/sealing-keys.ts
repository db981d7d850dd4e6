import { timingSafeEqual } from 'node:crypto'

export interface SealingKey {
  /** Public: stored beside every box sealed with the key. */
  keyId: string
  /** 32 bytes. */
  key: Uint8Array
}

const KEY_BYTES = 32
const KEYS_MAX = 16
const keyIdPattern = /^[\w-]{1,32}$/

/**
 * Parses `id:base64,id:base64`, newest first, from the configuration. The error names the invalid
 * entry, but not its bytes.
 */
export function parseSealingKeys(text: string): SealingKey[] {
  const keys = text.split(',').map((entry, index) => {
    const [keyId = '', encoded = '', ...rest] = entry.trim().split(':')
    const key = Buffer.from(encoded, 'base64')
    // Buffer skips characters that are not base64, so an invalid key would become a shorter one.
    const isComplete = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
    if (!keyId || !encoded || rest.length > 0 || !isComplete) {
      throw new Error(
        `sealing keys must be written as id:base64,id:base64; entry ${index + 1} is not`,
      )
    }
    return { keyId, key: new Uint8Array(key) }
  })
  checkSealingKeys(keys)
  return keys
}

/** Returns the newest key. Throws for an invalid or insecure set of keys. */
export function checkSealingKeys(keys: readonly SealingKey[]): SealingKey {
  const [newest] = keys
  if (!newest) throw new Error('at least one sealing key is needed')
  if (keys.length > KEYS_MAX) throw new Error(`at most ${KEYS_MAX} sealing keys are allowed`)
  for (const [index, { keyId, key }] of keys.entries()) {
    if (!keyIdPattern.test(keyId)) {
      throw new Error(`the id of sealing key ${index + 1} must be 1 to 32 letters, digits, - or _`)
    }
    if (key.length !== KEY_BYTES)
      throw new Error(`sealing key ${keyId} must have ${KEY_BYTES} bytes`)
    if (new Set(key).size < 8) throw new Error(`sealing key ${keyId} is not random`)
    const others = keys.slice(0, index)
    if (others.some((other) => other.keyId === keyId)) {
      throw new Error(`two sealing keys have the id ${keyId}`)
    }
    // With two ids for one key, `isStale` would be wrong.
    if (others.some((other) => timingSafeEqual(other.key, key))) {
      throw new Error(`sealing key ${keyId} repeats another one`)
    }
  }
  return newest
}
