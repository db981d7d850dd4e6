import { expect, it } from 'vitest'

import type { Credential } from '../catalog/credential.ts'
import type { CredentialStatus, Verdict } from './eligible.ts'
import { idleStatus, judge } from './eligible.ts'
import { freshHealth } from './health.ts'

const NOW_MS = 100_000
const credential: Credential = {
  id: 'cred_1',
  channelId: 'chan_1',
  state: 'active',
  stateReason: null,
  concurrencyMax: 2,
  epoch: 3,
  coolingUntil: null,
  secret: { keyId: 'k', box: 'b' },
}
const open = (untilMs: number): Partial<CredentialStatus> => ({
  epoch: 3,
  health: { ...freshHealth, circuit: { state: 'open', untilMs, trips: 1 } },
})
const cooling = (untilMs: number): Partial<CredentialStatus> => ({
  epoch: 3,
  health: { ...freshHealth, cooldown: { untilMs, times: 1 } },
})
const attention = { epoch: 3, health: { ...freshHealth, attention: '401' } }
const eligible: Verdict = { eligible: true }
const not = (because: 'probing' | 'taken' | 'paused' | 'attention' | 'retired'): Verdict => ({
  eligible: false,
  because,
})
const resting = (untilMs: number): Verdict => ({ eligible: false, because: 'resting', untilMs })

interface Case {
  name: string
  status?: Partial<CredentialStatus>
  facts?: Partial<Credential>
  verdict: Verdict
}

const cases: Case[] = [
  { name: 'of which nothing bad is known is eligible', verdict: eligible },
  { name: 'with a free place is eligible', status: { leases: 1 }, verdict: eligible },
  { name: 'without a free place is taken', status: { leases: 2 }, verdict: not('taken') },
  { name: 'that is paused is not', facts: { state: 'paused' }, verdict: not('paused') },
  { name: 'that is retired is not', facts: { state: 'retired' }, verdict: not('retired') },
  { name: 'in need of a person is not', facts: { state: 'attention' }, verdict: not('attention') },
  { name: 'that was just refused is not', status: attention, verdict: not('attention') },
  {
    name: 'rests until its cooldown ends',
    status: cooling(NOW_MS + 1),
    verdict: resting(NOW_MS + 1),
  },
  { name: 'is eligible when its cooldown ends', status: cooling(NOW_MS), verdict: eligible },
  {
    name: 'rests while its circuit is open',
    status: open(NOW_MS + 9),
    verdict: resting(NOW_MS + 9),
  },
  {
    name: 'may be probed when its circuit is half-open',
    status: open(NOW_MS),
    verdict: eligible,
  },
  {
    name: 'is not eligible while its probe is out',
    status: { ...open(NOW_MS), probing: true, leases: 1 },
    verdict: not('probing'),
  },
  {
    name: 'rests until the end that its row remembers from before a restart',
    facts: { coolingUntil: new Date(NOW_MS + 5) },
    verdict: resting(NOW_MS + 5),
  },
  {
    name: 'that a person resumed is eligible, whatever was learned before',
    status: { ...attention, epoch: 2 },
    verdict: eligible,
  },
  {
    name: 'that a person resumed still has the places that are taken',
    status: { ...attention, epoch: 2, leases: 2 },
    verdict: not('taken'),
  },
]

it.each(cases)('a credential $name', ({ status = {}, facts = {}, verdict }) => {
  const found = judge(
    { ...credential, ...facts },
    { status: { ...idleStatus, ...status }, nowMs: NOW_MS },
  )
  expect(found).toEqual(verdict)
})
