import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import { EVERY_MODEL } from '@sluice/pricing/price-book'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { mapParamNames } from './map-param-names.ts'
import { readPriceValue } from './price-value.ts'
import { kindsOf, priceKinds, toPriceDto } from './list-models.ts'

type Call = Pick<
  ControlCall<'addModelPrice'>,
  'session' | 'params' | 'body' | 'requestId' | 'address'
>

/**
 * Adds a row to the price book; past rows are never changed, and the new one is published to every edge.
 * Throws `model_not_found` for a name that no channel offers, and `invalid_value` for a time in the past, a
 * price of a kind that the model is not charged by, or one outside the limits.
 */
export async function addModelPrice(
  deps: ChannelDeps,
  call: Call,
): Promise<Decoded<'addModelPrice'>['answer']> {
  const { billing, clock } = deps
  const { model } = call.params
  const { effective_at: requestedAt } = call.body
  const price = readPriceValue(call.body.price)
  const now = clock.now()
  if (requestedAt !== undefined && requestedAt < now) {
    const message =
      "'effective_at' has passed. Earlier charges keep their price; omit it to start now."
    throw new AppError('invalid_value', message, { param: 'effective_at' })
  }
  if (model !== EVERY_MODEL) await checkKind(deps, { model, price })
  const row = { model, effectiveAt: requestedAt ?? now, price }
  const { id } = await mapParamNames(billing.addPrice({ row }))
  const facts = { priceId: id, kind: price.kind, effectiveAt: row.effectiveAt.toISOString() }
  recordAction(deps, call, { act: 'model.add-price', target: model, facts })
  return toPriceDto({ ...row, id })
}

async function checkKind(
  { scheduler }: Pick<ChannelDeps, 'scheduler'>,
  { model, price }: Pick<PriceRow, 'model' | 'price'>,
): Promise<void> {
  const { channels } = await scheduler.readCatalog({ fresh: true })
  const offers = channels.flatMap(({ models }) => models.filter((offer) => offer.model === model))
  if (offers.length === 0) {
    const message = 'No channel offers a model of this name. Add it to a channel first.'
    throw new AppError('model_not_found', message, { param: 'model' })
  }
  const kinds = kindsOf(offers)
  if (kinds.some((kind) => priceKinds[kind] === price.kind)) return
  const message =
    price.kind === 'images'
      ? "'price' is for pictures, and no channel offers this model for pictures."
      : "'price' is for tokens, and no channel offers this model for chat."
  throw new AppError('invalid_value', message, { param: 'price' })
}
