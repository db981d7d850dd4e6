import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import { mayUseModel } from '../http/request.ts'

/**
 * The image model of a request that names none, as OpenAI's API allows (create image: "model: optional";
 * clients such as older go-openai omit it in edits): the configured default, else the model whose channel has
 * the highest priority, alphabetically among equals. Only models that this key may use, that a channel
 * offers now and that have a price; undefined if there is none.
 */
export function defaultImageModel(
  { catalog, deps: { config, clock } }: Pick<GatewayContext, 'catalog' | 'deps'>,
  principal: Pick<Principal, 'models'>,
): string | undefined {
  const { models, routesOf, prices } = catalog.current()
  const at = clock.now()
  const priorityOf = (model: string): number | undefined => {
    const first = mayUseModel(principal, model) ? routesOf(model)?.image[0] : undefined
    return first && prices.priceAt({ model, kind: 'images', at })
      ? first.channel.priority
      : undefined
  }
  const { imageDefaultModel: configured } = config
  if (configured !== undefined && priorityOf(configured) !== undefined) return configured
  let best: { model: string; priority: number } | undefined
  for (const model of models) {
    const priority = priorityOf(model)
    if (priority === undefined || (best && best.priority >= priority)) continue
    best = { model, priority }
  }
  return best?.model
}
