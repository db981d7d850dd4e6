import { expect, it } from 'vitest'

import { stateOf, usableOf } from './pool.ts'

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const credential = (state: 'active' | 'paused', coolingUntil: string | null = null) => ({
  id: 'cred_1',
  state,
  reason: null,
  concurrency_max: 64,
  cooling_until: coolingUntil,
  restrictions: [],
})

it('an active credential with a cooldown is cooling and unusable until the cooldown ends', () => {
  const resting = credential('active', '2026-11-21T12:00:01Z')
  expect(stateOf(resting, NOW_MS)).toBe('cooling')
  expect(stateOf(resting, NOW_MS + 1_000)).toBe('active')
  expect(usableOf([resting, credential('active'), credential('paused')], NOW_MS)).toBe(1)
})

it('a paused credential is paused, with or without a cooldown', () => {
  expect(stateOf(credential('paused', '2026-11-21T13:00:00Z'), NOW_MS)).toBe('paused')
})
