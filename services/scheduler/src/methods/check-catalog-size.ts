import { AppError } from '@sluice/kernel/app-error'

import type { SizedChannel } from '../catalog/catalog-size.ts'
import { CATALOG_BYTES_MAX, catalogBytes } from '../catalog/catalog-size.ts'
import type { SchedulerContext } from '../deps.ts'
import type { NewCredential } from '../store/catalog-store.ts'

interface SizeChange {
  /** The channel that is added, or the changed members of an existing one. */
  channel: Partial<Omit<SizedChannel, 'credentials'>> & { id: string }
  added?: readonly NewCredential[]
}

/** Throws `invalid_value` when this change would make the catalog too large for one message. */
export function checkCatalogSize(
  { catalog }: Pick<SchedulerContext, 'catalog'>,
  { channel, added = [] }: SizeChange,
): void {
  const { channels } = catalog.current()
  const before = channels.find(({ id }) => id === channel.id)
  const bytesBefore = catalogBytes(channels)
  const after = { ...empty, ...before, ...channel }
  const credentials = [...(before?.credentials ?? []), ...added]
  const bytes =
    bytesBefore - catalogBytes(before ? [before] : []) + catalogBytes([{ ...after, credentials }])
  if (bytes <= CATALOG_BYTES_MAX || bytes <= bytesBefore) return
  const message = `the catalog would have ${bytes} bytes; the maximum is ${CATALOG_BYTES_MAX}`
  const param = added.length > 0 ? 'credentials' : 'models'
  throw new AppError('invalid_value', message, { param })
}

const empty: SizedChannel = {
  id: '',
  name: '',
  dialect: 'openai',
  baseUrl: '',
  priority: 0,
  weight: 1,
  enabled: true,
  models: [],
  settings: {},
  credentials: [],
}
