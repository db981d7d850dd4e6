import { roles } from '@sluice/contracts/control/permissions'

import { oneOf, readFilter } from '../lists/read-filter.ts'

const states = ['active', 'banned'] as const

/** The filter of the user list, read from the URL. */
export function readUserFilter(params: URLSearchParams) {
  const { q, role, state } = readFilter(params, ['q', 'role', 'state'])
  const [knownRole, knownState] = [oneOf(role, roles), oneOf(state, states)]
  return {
    ...(q && { q }),
    ...(knownRole && { role: knownRole }),
    ...(knownState && { state: knownState }),
  }
}
