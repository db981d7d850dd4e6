import { createCipheriv, createDecipheriv } from 'node:crypto'

import { AppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'

import type { Sealed, SealBinding, Sealer } from './sealer.ts'
import type { SealingKey } from './sealing-keys.ts'
import { checkSealingKeys } from './sealing-keys.ts'

// NIST SP 800-38D: a 96-bit nonce and the full 128-bit tag. Random nonces allow 2^32 boxes per key.
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/** Seals with the first key, opens with any of them. Throws for an invalid set of keys. */
export function createSealer({
  keys,
  random,
}: {
  keys: readonly SealingKey[]
  /** Must be cryptographically secure: a nonce repeated under one key breaks both boxes. */
  random: Random
}): Sealer {
  const newest = checkSealingKeys(keys)
  const keyOf = new Map(keys.map(({ keyId, key }) => [keyId, key]))

  return {
    seal: (binding, secret) => {
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, newest.key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(additionalData(binding, newest.keyId))
      const parts = [nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return { keyId: newest.keyId, box: Buffer.concat(parts).toString('base64') }
    },
    open: (binding, sealed) => {
      const key = keyOf.get(sealed.keyId)
      if (!key) throw cannotOpen(binding, `no sealing key has the id ${sealed.keyId}`)
      const bytes = Buffer.from(sealed.box, 'base64')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw cannotOpen(binding, 'the box is too short')
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(additionalData(binding, sealed.keyId))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        const secret = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
        return Buffer.concat([secret, decipher.final()]).toString('utf8')
      } catch (cause) {
        throw cannotOpen(binding, 'the box is damaged, or bound to another row or column', cause)
      }
    },
    isStale: (sealed: Sealed) => sealed.keyId !== newest.keyId,
  }
}

// Each part has a length prefix, so that no two bindings give the same bytes (`ab`+`c` and `a`+`bc`).
function additionalData({ table, column, rowId }: SealBinding, keyId: string): Buffer {
  const parts = ['sluice.sealed.1', keyId, table, column, rowId].flatMap((part) => {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat(parts)
}

function cannotOpen(binding: SealBinding, why: string, cause?: unknown): AppError {
  const where = `${binding.table}.${binding.column} of ${binding.rowId}`
  return new AppError('internal_error', `The secret in ${where} cannot be opened: ${why}.`, {
    cause,
  })
}
