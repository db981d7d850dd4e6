import type { GatewayContext } from '../gateway-context.ts'

/**
 * The time until a credential that generates images of the model becomes available, according to the catalog
 * snapshot: the earliest end of a cooldown or limit. Undefined when none is cooling down.
 */
export function waitForImagesMs(
  { catalog, deps }: Pick<GatewayContext, 'catalog' | 'deps'>,
  model: string,
): number | undefined {
  const nowMs = deps.clock.nowMs()
  const ends = (catalog.current().routesOf(model)?.image ?? []).flatMap((candidate) => {
    const { upstreamModel } = candidate.model
    return candidate.channel.credentials
      .filter(({ state }) => state === 'active')
      .map(({ coolingUntil, restrictions = [] }) => {
        const limits = restrictions.filter(
          (one) => one.kind === 'limited' && one.model === upstreamModel,
        )
        return Math.max(coolingUntil?.getTime() ?? 0, ...limits.map(({ until }) => until.getTime()))
      })
  })
  const future = ends.filter((endMs) => endMs > nowMs)
  return future.length === 0 ? undefined : Math.min(...future) - nowMs
}
