import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import { rateUsage } from '@sluice/pricing/rate-usage'
import { worstCaseTokens } from '@sluice/pricing/worst-case'
import type { ScannedBody } from '@sluice/protocol/json-scan'

import { estimateUsage } from '../credit/estimate-usage.ts'
import type { ChatRequest } from './chat-context.ts'
import type { CatalogSnapshot, ModelRoutes } from '../routing/catalog.ts'
import type { Principal } from '../http/request.ts'
import { mayUseModel, modelNotFound, shownModel } from '../http/request.ts'

/** The routes of the requested model, if the key may use it. Throws `model_not_found`. */
export function findRoutes(
  snapshot: CatalogSnapshot,
  principal: Principal,
  scanned: ScannedBody,
): ModelRoutes {
  if (!scanned.model) {
    const message = "Missing required parameter: 'model'."
    throw new AppError('missing_required_parameter', message, { param: 'model' })
  }
  const { name } = scanned.model
  const routes = mayUseModel(principal, name) ? snapshot.routesOf(name) : undefined
  if (routes) return routes
  throw modelNotFound(name)
}

/** The price in force. Throws `model_not_found` for a model without one. */
export function priceOf({ prices }: CatalogSnapshot, model: string, at: Date): PriceRow {
  const row = prices.priceAt({ model, kind: 'tokens', at })
  if (row) return row
  throw new AppError('model_not_found', `The model '${shownModel(model)}' has no price yet.`, {
    param: 'model',
  })
}

/** The amount to reserve: the maximum cost of the request. */
export function worstCase({ scanned, routes, price }: ChatRequest): bigint {
  if (price.price.kind !== 'tokens') throw new Error('priceOf returns a price of kind tokens')
  const {
    textBytes,
    attachments,
    mediaTokens,
    count,
    outputTokensMax: outputTokensRequested,
  } = scanned
  let outputTokensMax: number | undefined
  for (const { model } of routes.chat) {
    if (model.outputTokensMax === undefined) continue
    outputTokensMax = Math.max(outputTokensMax ?? 0, model.outputTokensMax)
  }
  const most = estimateUsage({
    textBytes,
    attachments,
    mediaTokens,
    count,
    outputTokensRequested,
    outputTokensMax,
  })
  return rateUsage(worstCaseTokens(most, price.price), price.price)
}
