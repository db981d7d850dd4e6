import type { Bus } from '@sluice/bus/bus'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

import type { IdentityStore } from '../store/identity-store.ts'
import type { Attempts } from './attempts.ts'
import type { DeviceCookie } from './device-cookie.ts'
import type { HostCookie } from './host-cookie.ts'
import type { Passwords } from './passwords.ts'
import type { SessionTokens } from './session-tokens.ts'
import type { SignInThrottle } from './sign-in-throttle.ts'

/** External dependencies of identity. */
export interface IdentityDeps {
  store: IdentityStore
  bus: Pick<Bus, 'announce'>
  clock: Clock
  random: Random
  log: Log
  /** Base64; the same pepper as for API keys. */
  pepper: string
  /** The public URL; decides the cookie's flags. Undefined for localhost. */
  publicBaseUrl: string | undefined
  /** Whether users may register themselves. */
  registration: 'open' | 'closed'
  /** A session ends after this time without use. */
  sessionIdleMs: number
}

/** The dependencies and the components built from them; passed to the methods. */
export interface IdentityContext extends IdentityDeps {
  passwords: Passwords
  tokens: SessionTokens
  cookie: HostCookie
  devices: DeviceCookie
  throttle: SignInThrottle
  attempts: Attempts
}
