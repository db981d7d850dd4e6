import type { IncomingMessage } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'

import type { Principal } from './http/request.ts'
import type { Authenticator } from './auth/authenticate.ts'
import { invalidKeyError } from './auth/authenticate.ts'
import type { RateLimiter } from './limits/rate-limiter.ts'
import { callerAddress, fullCallerAddress, readApiKey } from './auth/read-credentials.ts'

export interface Admission {
  /**
   * Authenticates, then applies the rate limit. Returns synchronously when both are decided in memory. Throws
   * or rejects with `invalid_api_key`, `address_not_allowed`, `rate_limit_exceeded`, `unavailable`.
   */
  admit(incoming: IncomingMessage): Principal | Promise<Principal>
}

export function createAdmission({
  authenticator,
  limiter,
  trustedProxyHops,
}: {
  authenticator: Authenticator
  limiter: RateLimiter
  trustedProxyHops: number
}): Admission {
  const checkAddress = ({ networks }: Principal, incoming: IncomingMessage) => {
    if (networks === null) return
    if (networks.has(fullCallerAddress(incoming, trustedProxyHops))) return
    throw new AppError('address_not_allowed', 'This API key may not be used from your address.')
  }
  const admitAsync = async (incoming: IncomingMessage, apiKey: string) => {
    const address = callerAddress(incoming, trustedProxyHops)
    const principal = authenticator.find(apiKey) ?? (await authenticator.lookUp(apiKey, address))
    checkAddress(principal, incoming)
    if (!limiter.tryTake(principal)) await limiter.take(principal)
    return principal
  }
  return {
    admit(incoming) {
      const apiKey = readApiKey(incoming.headers)
      if (apiKey === undefined) throw invalidKeyError()
      const principal = authenticator.find(apiKey)
      if (principal) checkAddress(principal, incoming)
      if (principal && limiter.tryTake(principal)) return principal
      return admitAsync(incoming, apiKey)
    },
  }
}
