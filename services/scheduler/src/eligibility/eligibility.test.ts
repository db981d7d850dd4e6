import { expect, it } from 'vitest'

import type { Credential } from '../catalog/credential.ts'
import { sampleCredential } from '../testing/sample-channel.ts'
import type { CredentialStatus, Eligibility } from './eligibility.ts'
import { checkEligibility, idleStatus } from './eligibility.ts'
import { initialHealth } from './health.ts'

const NOW_MS = 100_000
const credential = sampleCredential({ concurrencyMax: 2, epoch: 3 })
const open = (untilMs: number): Partial<CredentialStatus> => ({
  epoch: 3,
  health: { ...initialHealth, circuit: { state: 'open', untilMs, trips: 1 } },
})
const cooling = (untilMs: number): Partial<CredentialStatus> => ({
  epoch: 3,
  health: { ...initialHealth, cooldown: { untilMs, times: 1 } },
})
const attention = { epoch: 3, health: { ...initialHealth, attention: '401' } }
const eligible: Eligibility = { eligible: true }
const not = (because: 'probing' | 'full' | 'paused' | 'attention' | 'retired'): Eligibility => ({
  eligible: false,
  because,
})
const coolingDown = (untilMs: number): Eligibility => ({
  eligible: false,
  because: 'cooling',
  untilMs,
})

interface Case {
  name: string
  status?: Partial<CredentialStatus>
  facts?: Partial<Credential>
  expected: Eligibility
}

const cases: Case[] = [
  { name: 'with initial health is eligible', expected: eligible },
  { name: 'with a free slot is eligible', status: { leases: 1 }, expected: eligible },
  { name: 'without a free slot is full', status: { leases: 2 }, expected: not('full') },
  { name: 'that is paused is not eligible', facts: { state: 'paused' }, expected: not('paused') },
  {
    name: 'that is retired is not eligible',
    facts: { state: 'retired' },
    expected: not('retired'),
  },
  {
    name: 'with the state attention is not eligible',
    facts: { state: 'attention' },
    expected: not('attention'),
  },
  {
    name: 'with attention in the pool is not eligible',
    status: attention,
    expected: not('attention'),
  },
  {
    name: 'is not eligible until its cooldown ends',
    status: cooling(NOW_MS + 1),
    expected: coolingDown(NOW_MS + 1),
  },
  { name: 'is eligible when its cooldown ends', status: cooling(NOW_MS), expected: eligible },
  {
    name: 'is not eligible while its circuit is open',
    status: open(NOW_MS + 9),
    expected: coolingDown(NOW_MS + 9),
  },
  {
    name: 'is eligible for a probe when its circuit is half-open',
    status: open(NOW_MS),
    expected: eligible,
  },
  {
    name: 'is not eligible during its probe',
    status: { ...open(NOW_MS), probing: true, leases: 1 },
    expected: not('probing'),
  },
  {
    name: 'is not eligible until the end of the cooldown in its row',
    facts: { coolingUntil: new Date(NOW_MS + 5) },
    expected: coolingDown(NOW_MS + 5),
  },
  {
    name: 'that an operator resumed is eligible, whatever its earlier health',
    status: { ...attention, epoch: 2 },
    expected: eligible,
  },
  {
    name: 'that an operator resumed still counts its leases',
    status: { ...attention, epoch: 2, leases: 2 },
    expected: not('full'),
  },
]

it.each(cases)('a credential $name', ({ status = {}, facts = {}, expected }) => {
  const found = checkEligibility(
    { ...credential, ...facts },
    { status: { ...idleStatus, ...status }, nowMs: NOW_MS },
  )
  expect(found).toEqual(expected)
})
