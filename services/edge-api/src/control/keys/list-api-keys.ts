import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { EdgeDeps } from '../../deps.ts'
import { cursorOf, readCursor } from '../id-cursor.ts'
import { toApiKeyDtos } from './api-key-dtos.ts'

/** A page of a user's keys, newest first; keys created meanwhile do not shift the pages. */
export async function listApiKeys(
  deps: Pick<EdgeDeps, 'keyStore' | 'quotaStore' | 'clock'>,
  { userId, query }: { userId: string; query: Decoded<'listApiKeys'>['query'] },
): Promise<Decoded<'listApiKeys'>['answer']> {
  const { limit, cursor } = query
  // One more than the page shows whether there is a next page.
  const before = readCursor(cursor)
  const found = await deps.keyStore.listKeys({ userId, before, limit: limit + 1 })
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const next = found.length > limit && last ? cursorOf(last.id) : null
  return { items: await toApiKeyDtos(deps, page), next_cursor: next }
}
