import { expect, it } from 'vitest'

import type { Credential } from '../catalog/credential.ts'
import { sampleCredential } from '../testing/sample-channel.ts'
import { idleStatus } from './eligibility.ts'
import { initialHealth } from './health.ts'
import { lastingHealth } from './lasting-health.ts'

const NOW_MS = 1_000_000
const credential = sampleCredential()
const lasting = (
  health: Partial<typeof initialHealth>,
  { facts = {}, epoch = 1 }: { facts?: Partial<Credential>; epoch?: number } = {},
) =>
  lastingHealth(
    { ...credential, ...facts },
    { status: { ...idleStatus, epoch, health: { ...initialHealth, ...health } }, nowMs: NOW_MS },
  )
const cooldown = (ms: number) => ({ cooldown: { untilMs: NOW_MS + ms, times: 1 } })
const inMs = (ms: number) => new Date(NOW_MS + ms)

it('a long cooldown and attention are written to the row', () => {
  expect(lasting(cooldown(60_000))).toEqual({ attention: null, coolingUntil: inMs(60_000) })
  expect(lasting({ attention: '401' })).toEqual({ attention: '401', coolingUntil: null })
})

it('short, ended and stored cooldowns and open circuits are not written', () => {
  expect(lasting({})).toBeUndefined()
  expect(lasting(cooldown(9_999))).toBeUndefined()
  expect(lasting(cooldown(-1))).toBeUndefined()
  expect(lasting(cooldown(60_000), { facts: { coolingUntil: inMs(60_000) } })).toBeUndefined()
  expect(lasting({ circuit: { state: 'open', untilMs: NOW_MS + 300_000, trips: 9 } })).toBe(
    undefined,
  )
})

it('health of another epoch, or of a credential that is not active, is not written', () => {
  expect(lasting({ attention: '401' }, { facts: { epoch: 2 } })).toBeUndefined()
  expect(lasting({ attention: '401' }, { epoch: 2 })).toBeUndefined()
  expect(lasting({ attention: '401' }, { facts: { state: 'paused' } })).toBeUndefined()
})
