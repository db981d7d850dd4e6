import type { ImageRequest } from '@sluice/contracts/image-request'
import { worstCaseImages } from '@sluice/pricing/worst-case'

import type { GatewayContext } from '../gateway-context.ts'
import { unpriced } from './usable-model.ts'

/** The price in force for a request, and its maximum usage. Throws `model_not_found` without a price. */
export function priceImages(
  { catalog, deps }: Pick<GatewayContext, 'catalog' | 'deps'>,
  request: Pick<ImageRequest, 'model' | 'count' | 'size' | 'quality'>,
) {
  const { prices } = catalog.current()
  const { model } = request
  const row = prices.priceAt({ model, kind: 'images', at: deps.clock.now() })
  if (row?.price.kind !== 'images') throw unpriced(model)
  return { prices, row, worstCase: worstCaseImages(request, row.price) }
}
