import { AppError } from '@sluice/kernel/app-error'

import { CATALOG_BYTES_MAX, catalogBytes } from '../catalog/catalog-size.ts'
import type { SchedulerContext } from '../deps.ts'

/** Throws `invalid_value` when this addition would make the catalog too large for one message. */
export function checkCatalogSize(
  { catalog }: Pick<SchedulerContext, 'catalog'>,
  addition: unknown,
): void {
  const bytes =
    catalogBytes(catalog.current().channels) + Buffer.byteLength(JSON.stringify(addition) ?? '')
  if (bytes <= CATALOG_BYTES_MAX) return
  const message = `the catalog would have ${bytes} bytes; the maximum is ${CATALOG_BYTES_MAX}`
  throw new AppError('invalid_value', message, { param: 'credentials' })
}
