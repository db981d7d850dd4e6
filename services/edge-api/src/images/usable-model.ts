import { AppError } from '@sluice/kernel/app-error'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import { mayUseModel } from '../http/request.ts'

/** Throws unless the model exists, generates images, and may be used by this key. */
export function checkUsableModel(
  { catalog }: Pick<GatewayContext, 'catalog'>,
  principal: Pick<Principal, 'models'>,
  model: string,
): void {
  const routes = catalog.current().routesOf(model)
  if (!routes || !mayUseModel(principal, model)) throw unknownModel(model)
  if (routes.image.length > 0) return
  throw new AppError('unsupported_parameter', `The model '${model}' does not generate images.`, {
    param: 'model',
  })
}

// The same message for models that do not exist and models that this key may not use.
const unknownModel = (model: string) =>
  new AppError('model_not_found', `The model '${model}' does not exist or is not for this key.`, {
    param: 'model',
  })

/** A model without a price is not offered, so that nothing is generated for free by mistake. */
export const unpriced = (model: string) =>
  new AppError('model_not_found', `The model '${model}' has no price yet.`, { param: 'model' })
