import { AppError } from '@sluice/kernel/app-error'

import { CATALOG_BYTES_MAX, catalogBytes } from '../catalog/catalog-size.ts'
import type { SchedulerContext } from '../deps.ts'

/** Throws `invalid_value` when edges could not read the catalog any more with this in it. */
export function checkCatalogSize(
  { catalog }: Pick<SchedulerContext, 'catalog'>,
  more: unknown,
): void {
  const bytes =
    catalogBytes(catalog.current().channels) + Buffer.byteLength(JSON.stringify(more) ?? '')
  if (bytes <= CATALOG_BYTES_MAX) return
  const message = `the catalog would have ${bytes} bytes; it may have ${CATALOG_BYTES_MAX}`
  throw new AppError('invalid_value', message, { param: 'credentials' })
}
