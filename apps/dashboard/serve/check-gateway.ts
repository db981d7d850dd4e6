import type { HealthCheck } from '@sluice/service-kit/http/health'

/** For `/ready`: rejects while no gateway responds. */
export function checkGateway({ apiUrls }: { apiUrls: readonly string[] }): HealthCheck {
  // One reachable gateway is enough.
  return (signal) =>
    Promise.any(apiUrls.map((apiUrl) => checkOne(apiUrl, signal))).catch((error: unknown) => {
      throw error instanceof AggregateError ? error.errors[0] : error
    })
}

async function checkOne(apiUrl: string, signal: AbortSignal): Promise<void> {
  const { ok, status } = await fetch(new URL('/health', apiUrl), { signal })
  if (!ok) throw new Error(`the gateway answered ${status}`)
}
