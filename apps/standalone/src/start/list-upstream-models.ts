import type { Upstream } from '@sluice/upstreams/upstream'

const LIST_TIMEOUT_MS = 10_000

/** The names of the models that an upstream offers to a key. Rejects after a timeout. */
export async function listUpstreamModels(
  upstream: Upstream,
  { baseUrl, secret }: { baseUrl: string; secret: string },
): Promise<string[]> {
  if (!upstream.listModels) return []
  const signal = AbortSignal.timeout(LIST_TIMEOUT_MS)
  return upstream.listModels({ access: { baseUrl, secret, settings: {} }, signal })
}
