import type { ChargePosition } from '@sluice/contracts/charges'
import { AppError } from '@sluice/kernel/app-error'

/** An opaque cursor of a position in the list of charges. */
export function writeChargeCursor({ at, id }: ChargePosition): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url')
}

/** Throws `invalid_value` for a cursor of another list. */
export function readChargeCursor(cursor: string): ChargePosition {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const [, ms = '', id = ''] = /^(\d{1,15})\.([a-z]+_[0-9a-f]{32})$/.exec(text) ?? []
  if (id !== '') return { at: new Date(Number(ms)), id }
  throw new AppError('invalid_value', "'cursor' must be the next_cursor of the previous page.", {
    param: 'cursor',
  })
}
