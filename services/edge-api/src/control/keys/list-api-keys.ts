import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { EdgeDeps } from '../../deps.ts'
import { cursorOf, readCursor } from '../id-cursor.ts'
import { showKeys } from './show-keys.ts'

/** A page of a person's keys, newest first; a key that is made meanwhile moves no other to another page. */
export async function listApiKeys(
  deps: Pick<EdgeDeps, 'keyStore' | 'quotaStore' | 'clock'>,
  { userId, query }: { userId: string; query: Decoded<'listApiKeys'>['query'] },
): Promise<Decoded<'listApiKeys'>['answer']> {
  const { limit, cursor } = query
  // One more than is shown tells whether there is a next page.
  const before = readCursor(cursor)
  const found = await deps.keyStore.listKeys({ userId, before, limit: limit + 1 })
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const next = found.length > limit && last ? cursorOf(last.id) : null
  return { items: await showKeys(deps, page), next_cursor: next }
}
