import type { imageModel } from '@sluice/contracts/control/images'
import { imageBackgrounds, imageFormats } from '@sluice/contracts/image-request'
import type { ImagePrice } from '@sluice/contracts/prices'
import { modelAbilities } from '@sluice/protocol/images/model-abilities'
import { COUNT_MAX, PARTIAL_IMAGES_MAX } from '@sluice/protocol/images/parse-image-call'
import { offeredSizes } from '@sluice/protocol/images/read-size'
import type { z } from 'zod'

import { EDIT_IMAGES_MAX } from '../../images/intake.ts'
import type { ControlHandlers } from '../handlers.ts'
import type { ImagesContext } from './images-context.ts'

type ModelList = Awaited<ReturnType<ControlHandlers['listImageModels']>>

/** `GET /api/user/models`: models with a route and a price. Throws `unavailable` before either is known. */
export function listImageModels({ gateway }: Pick<ImagesContext, 'gateway'>): ModelList {
  const { models, routesOf, prices } = gateway.catalog.current()
  const at = gateway.deps.clock.now()
  const images = models.flatMap((model) => {
    if (!routesOf(model)?.image.length) return []
    const price = prices.priceAt({ model, kind: 'images', at })?.price
    return price?.kind === 'images' ? [describeModel(model, price)] : []
  })
  const chat = models.filter((model) => {
    const hasRoute = (routesOf(model)?.chat.length ?? 0) > 0
    return hasRoute && prices.priceAt({ model, kind: 'tokens', at }) !== undefined
  })
  return { images, chat }
}

function describeModel(model: string, price: ImagePrice): z.output<typeof imageModel> {
  const abilities = modelAbilities(model)
  return {
    model,
    sizes: offeredSizes(abilities),
    any_size: abilities.sizes === 'any',
    qualities: [...abilities.qualities],
    formats: [...imageFormats],
    backgrounds: [...imageBackgrounds],
    count_max: COUNT_MAX,
    references_max: EDIT_IMAGES_MAX,
    partial_images_max: PARTIAL_IMAGES_MAX,
    price_steps: price.steps.map(({ quality, pixelsMax, microPerImage }) => ({
      quality,
      pixels_max: pixelsMax,
      micro_per_image: microPerImage,
    })),
  }
}
