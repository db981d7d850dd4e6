import type { HealthCheck } from '@sluice/service-kit/http/health'

/** For `/ready`: a panel whose gateway is away shows nothing but that. */
export function checkGateway({ apiUrls }: { apiUrls: readonly string[] }): HealthCheck {
  // One that answers is enough.
  return (signal) =>
    Promise.any(apiUrls.map((apiUrl) => askOne(apiUrl, signal))).catch((error: unknown) => {
      throw error instanceof AggregateError ? error.errors[0] : error
    })
}

async function askOne(apiUrl: string, signal: AbortSignal): Promise<void> {
  const { ok, status } = await fetch(new URL('/health', apiUrl), { signal })
  if (!ok) throw new Error(`the gateway answered ${status}`)
}
