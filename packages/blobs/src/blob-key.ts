import { AppError } from '@sluice/kernel/app-error'

const KEY_LENGTH_MAX = 200
const key = /^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/
const prefix = /^([a-z0-9_-]+\/)*$/

/** Throws unless the key is a path of plain segments: no key can escape the store's folder. */
export function checkBlobKey(text: string): void {
  if (text.length > KEY_LENGTH_MAX || !key.test(text)) {
    throw new AppError('invalid_value', 'not a blob key')
  }
}

/** Throws unless the prefix ends at a segment boundary: `jobs/a` would also match `jobs/ab`. */
export function checkBlobPrefix(text: string): void {
  if (text.length > KEY_LENGTH_MAX || !prefix.test(text)) {
    throw new AppError('invalid_value', 'not a prefix of blob keys')
  }
}
