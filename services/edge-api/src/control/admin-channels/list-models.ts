import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { PriceRow } from '@sluice/contracts/prices'
import type {
  CatalogChannel,
  CatalogCredential,
  ChannelModel,
} from '@sluice/contracts/scheduler.contract'
import type { PriceBook } from '@sluice/pricing/price-book'
import { priceBook } from '@sluice/pricing/price-book'

import { toPriceValueDto } from './price-value.ts'

import type { ChannelDeps } from './channel-deps.ts'

type ModelDto = Decoded<'listModels'>['answer']['items'][number]
type Kind = ChannelModel['kinds'][number]

/** One row for each public model name, including those of disabled channels, in alphabetical order. */
export async function listModels({
  scheduler,
  billing,
  clock,
}: Pick<ChannelDeps, 'scheduler' | 'billing' | 'clock'>): Promise<Decoded<'listModels'>['answer']> {
  const [{ channels }, { rows }] = await Promise.all([
    scheduler.readCatalog({ fresh: true }),
    billing.readPrices({}),
  ])
  const now = clock.now()
  const offers = channels.flatMap((channel) => channel.models.map((offer) => ({ channel, offer })))
  const byModel = Map.groupBy(offers, ({ offer }) => offer.model)
  const prices = priceBook(rows)
  const items = [...byModel].map(([model, own]): ModelDto => {
    const kinds = kindsOf(own.map(({ offer }) => offer))
    return {
      model,
      kinds,
      channels: own.map((one) => toOfferDto(one, now)),
      prices: kinds.flatMap((kind) => pricesInForce(prices, { model, kind, now })),
    }
  })
  return { items: items.toSorted((a, b) => (a.model < b.model ? -1 : 1)) }
}

/** The kind of price for each kind of request. */
export const priceKinds = { chat: 'tokens', image: 'images' } as const satisfies Record<
  Kind,
  PriceRow['price']['kind']
>

/** The kinds of requests for which any channel offers a model. */
export function kindsOf(offers: readonly ChannelModel[]): Kind[] {
  return (['chat', 'image'] as const).filter((kind) =>
    offers.some(({ kinds }) => kinds.includes(kind)),
  )
}

function toOfferDto(
  { channel, offer }: { channel: CatalogChannel; offer: ChannelModel },
  now: Date,
): ModelDto['channels'][number] {
  const { id, name, enabled, credentials } = channel
  return {
    id,
    name,
    enabled,
    upstream_model: offer.upstreamModel,
    usable: credentials.filter((credential) => isUsable(credential, now)).length,
    credentials: credentials.length,
  }
}

const isUsable = ({ state, coolingUntil }: CatalogCredential, now: Date) =>
  state === 'active' && (coolingUntil === null || coolingUntil <= now)

function pricesInForce(
  book: PriceBook,
  { model, kind, now }: { model: string; kind: Kind; now: Date },
): ModelDto['prices'] {
  const row = book.priceAt({ model, kind: priceKinds[kind], at: now })
  return row ? [toPriceDto(row)] : []
}

/** A row of the price book for operators. */
export function toPriceDto({
  id,
  model,
  effectiveAt,
  price,
}: PriceRow): ModelDto['prices'][number] {
  return { id, model, effective_at: effectiveAt, price: toPriceValueDto(price) }
}
