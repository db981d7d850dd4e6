import { AppError } from '@sluice/kernel/app-error'

const ID = /^[a-z]+_[0-9a-f]{32}$/

/** The cursor of a list that goes by ids, newest first: where the page before ended. */
export function cursorOf(id: string): string {
  return Buffer.from(id).toString('base64url')
}

/** Throws `invalid_value` for what is no cursor of ours. */
export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const id = Buffer.from(cursor, 'base64url').toString()
  if (ID.test(id) && cursorOf(id) === cursor) return id
  throw new AppError('invalid_value', 'This is no cursor of ours: leave it out to begin anew.', {
    param: 'cursor',
  })
}
