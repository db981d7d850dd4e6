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
import type { SignInPace } from './sign-in-pace.ts'

/** What identity asks of the world. */
export interface IdentityDeps {
  store: IdentityStore
  bus: Pick<Bus, 'announce'>
  clock: Clock
  random: Random
  log: Log
  /** Base64, the one of API keys. */
  pepper: string
  /** Where people find us; decides how safe a cookie can be. Undefined on their own machine. */
  publicBaseUrl: string | undefined
  /** Whether people may make accounts by themselves. */
  registration: 'open' | 'closed'
  /** A session that is not used for so long has ended. */
  sessionIdleMs: number
}

/** The same with what is made of it; for the verbs. */
export interface IdentityContext extends IdentityDeps {
  passwords: Passwords
  tokens: SessionTokens
  cookie: HostCookie
  devices: DeviceCookie
  pace: SignInPace
  attempts: Attempts
}
