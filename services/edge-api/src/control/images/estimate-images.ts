import { startDeadline } from '@sluice/kernel/deadline'
import { rateUsage } from '@sluice/pricing/rate-usage'
import { parseImageCall } from '@sluice/protocol/images/parse-image-call'

import { priceImages } from '../../images/price-images.ts'
import { checkUsableModel } from '../../images/usable-model.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import type { ImagesContext } from './images-context.ts'

const READ_WITHIN_MS = 5_000

/**
 * `POST /api/user/image-estimate`: exactly the amount that a generation would hold, by the same rules. Throws
 * the same errors: `model_not_found`, `invalid_value`, `unsupported_parameter`.
 */
export async function estimateImages(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { session, body }: ControlCall<'estimateImages'>,
): ReturnType<ControlHandlers['estimateImages']> {
  const { billing, clock } = gateway.deps
  // The prompt does not affect the price.
  const { request } = parseImageCall({ ...body, prompt: 'anything' })
  checkUsableModel(gateway, { models: null }, request.model)
  const { row, worstCase } = priceImages(gateway, request)
  const amount = rateUsage(worstCase, row.price)
  const deadline = startDeadline(clock, READ_WITHIN_MS)
  try {
    const { wallet } = session
    const { availableMicro } = await billing.readBalance({ wallet }, { signal: deadline.signal })
    return { amount_micro: amount, affordable: availableMicro >= amount }
  } finally {
    deadline.clear()
  }
}
