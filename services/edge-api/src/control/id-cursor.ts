import { AppError } from '@sluice/kernel/app-error'

const ID = /^[a-z]+_[0-9a-f]{32}$/

/** The cursor of a list ordered by id, newest first: the last id of the previous page. */
export function cursorOf(id: string): string {
  return Buffer.from(id).toString('base64url')
}

/** Throws `invalid_value` for an invalid cursor. */
export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const id = Buffer.from(cursor, 'base64url').toString()
  if (ID.test(id) && cursorOf(id) === cursor) return id
  throw new AppError(
    'invalid_value',
    'This is not a valid cursor: omit it to read the first page.',
    {
      param: 'cursor',
    },
  )
}
