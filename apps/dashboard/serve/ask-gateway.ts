import type { HealthCheck } from '@sluice/service-kit/http/health'

/** For `/ready`: a panel whose gateway is away shows nothing but that. */
export function askGateway({ apiUrl }: { apiUrl: string }): HealthCheck {
  return async (signal) => {
    const { ok, status } = await fetch(new URL('/health', apiUrl), { signal })
    if (!ok) throw new Error(`the gateway answered ${status}`)
  }
}
