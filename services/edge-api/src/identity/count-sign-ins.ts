import { isAppError } from '@sluice/kernel/app-error'
import type { Metrics } from '@sluice/service-kit/metrics'

import type { Identity } from './identity.ts'

const outcomes = [
  'ok',
  'wrong_credentials',
  'too_many_attempts',
  'account_banned',
  'unavailable',
  'internal_error',
] as const
type Outcome = (typeof outcomes)[number]

/** Wraps an identity: counts its sign-ins by password and outcome. */
export function countSignIns(identity: Identity, metrics: Metrics): Identity {
  const signIns = metrics.counter({
    name: 'sluice_edge_sign_ins_total',
    help: 'Sign-ins by password, by outcome: ok, or an error code.',
    labels: { outcome: outcomes },
  })
  return {
    ...identity,
    async signIn(input) {
      try {
        const signedIn = await identity.signIn(input)
        signIns.add({ outcome: 'ok' })
        return signedIn
      } catch (error) {
        signIns.add({ outcome: outcomeOf(error) })
        throw error
      }
    },
  }
}

const outcomeOf = (error: unknown): Outcome =>
  outcomes.find((code) => isAppError(error) && error.code === code) ?? 'internal_error'
