import type { ShownChannel } from '@sluice/contracts/control/admin'

export type Credential = ShownChannel['credentials'][number]
export type CredentialState = Credential['state'] | 'cooling'

/** The shown state of a credential: an active one with a cooldown is cooling. */
export function stateOf({ state, cooling_until: until }: Credential, nowMs: number) {
  const rests = state === 'active' && until !== null && Date.parse(until) > nowMs
  return rests ? ('cooling' as const) : state
}

/** The number of usable credentials. */
export function usableOf(credentials: readonly Credential[], nowMs: number): number {
  return credentials.filter((one) => stateOf(one, nowMs) === 'active').length
}

/** The tone of each state. */
export const stateTones = {
  active: 'ok',
  cooling: 'warn',
  paused: 'idle',
  attention: 'bad',
  retired: 'idle',
} as const satisfies Record<CredentialState, string>
