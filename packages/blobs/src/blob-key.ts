import { AppError } from '@sluice/kernel/app-error'

const KEY_LENGTH_MAX = 200
const key = /^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/
const prefix = /^([a-z0-9_-]+\/)*$/

/** Refuses a key that is no path of plain segments, so that none can lead out of the store. */
export function checkBlobKey(text: string): void {
  if (text.length > KEY_LENGTH_MAX || !key.test(text)) {
    throw new AppError('invalid_value', 'not a blob key')
  }
}

/** Refuses a prefix that ends within a segment: it would also name its longer neighbours. */
export function checkBlobPrefix(text: string): void {
  if (text.length > KEY_LENGTH_MAX || !prefix.test(text)) {
    throw new AppError('invalid_value', 'not a prefix of blob keys')
  }
}
