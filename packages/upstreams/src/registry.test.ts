import { dialects } from '@sluice/contracts/scheduler.contract'
import { createEgress } from '@sluice/egress/create-egress'
import { systemClock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'

import { expect, it } from 'vitest'

import { createUpstreams } from './registry.ts'

it('contains every dialect of channels under its name', () => {
  const { dispatcher, fetchGuarded } = createEgress()
  const deps = { dispatcher, fetchGuarded, clock: systemClock, random: seededRandom(1) }
  const upstreams = createUpstreams(deps)
  for (const dialect of dialects) expect(upstreams[dialect].dialect).toBe(dialect)
})
