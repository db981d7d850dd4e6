import { AppError } from '@sluice/kernel/app-error'

import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../request.ts'
import { mayUseModel } from '../request.ts'

/** Lets a model through that exists, draws pictures, and that this key may use. */
export function checkUsableModel(
  { catalog }: Pick<GatewayContext, 'catalog'>,
  principal: Pick<Principal, 'models'>,
  model: string,
): void {
  const routes = catalog.current().routesOf(model)
  if (!routes || !mayUseModel(principal, model)) throw unknownModel(model)
  if (routes.image.length > 0) return
  throw new AppError('unsupported_parameter', `The model '${model}' does not draw pictures.`, {
    param: 'model',
  })
}

// The same words for models that do not exist and models that are not for this key.
const unknownModel = (model: string) =>
  new AppError('model_not_found', `The model '${model}' does not exist or is not for this key.`, {
    param: 'model',
  })

/** Nothing is drawn for free by mistake: a model without a price is not offered. */
export const unpriced = (model: string) =>
  new AppError('model_not_found', `The model '${model}' has no price yet.`, { param: 'model' })
