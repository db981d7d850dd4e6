import type { GatewayContext } from '../gateway-context.ts'

/**
 * How long it takes until a credential that generates images of the model may be used again, as the snapshot
 * knows it: the earliest end of a rest or of a limit. Undefined when none rests.
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
  const resting = ends.filter((endMs) => endMs > nowMs)
  return resting.length === 0 ? undefined : Math.min(...resting) - nowMs
}
