import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { PriceRow } from '@sluice/contracts/prices'
import type {
  CatalogChannel,
  CatalogCredential,
  ChannelModel,
} from '@sluice/contracts/scheduler.contract'
import type { PriceBook } from '@sluice/pricing/price-book'
import { priceBook } from '@sluice/pricing/price-book'

import { showPriceValue } from './price-value.ts'

import type { ChannelDeps } from './channel-deps.ts'

type ShownModel = Decoded<'listModels'>['answer']['items'][number]
type Kind = ChannelModel['kinds'][number]

/** One row for each public name, of channels that are off too, in alphabetical order. */
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
  const items = [...byModel].map(([model, own]): ShownModel => {
    const kinds = kindsOf(own.map(({ offer }) => offer))
    return {
      model,
      kinds,
      channels: own.map((one) => showOffer(one, now)),
      prices: kinds.flatMap((kind) => pricesInForce(prices, { model, kind, now })),
    }
  })
  return { items: items.toSorted((a, b) => (a.model < b.model ? -1 : 1)) }
}

/** By what a picture and a chat are charged. */
export const priceKinds = { chat: 'tokens', image: 'images' } as const satisfies Record<
  Kind,
  PriceRow['price']['kind']
>

/** What the channels together offer a model for. */
export function kindsOf(offers: readonly ChannelModel[]): Kind[] {
  return (['chat', 'image'] as const).filter((kind) =>
    offers.some(({ kinds }) => kinds.includes(kind)),
  )
}

function showOffer(
  { channel, offer }: { channel: CatalogChannel; offer: ChannelModel },
  now: Date,
): ShownModel['channels'][number] {
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
): ShownModel['prices'] {
  const row = book.priceAt({ model, kind: priceKinds[kind], at: now })
  return row ? [showPrice(row)] : []
}

/** A row of the price book as operators see it. */
export function showPrice({
  id,
  model,
  effectiveAt,
  price,
}: PriceRow): ShownModel['prices'][number] {
  return { id, model, effective_at: effectiveAt, price: showPriceValue(price) }
}
