import { dialects, isBuiltIn } from '@sluice/contracts/dialects'
import { createEgress } from '@sluice/egress/create-egress'
import { systemClock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'

import { expect, it } from 'vitest'

import { createUpstreams } from './registry.ts'

const open = () => {
  const { dispatcher, fetchGuarded } = createEgress()
  const deps = { dispatcher, fetchGuarded, clock: systemClock, random: seededRandom(1) }
  return createUpstreams(deps)
}

it('contains every dialect of channels under its name', () => {
  const upstreams = open()
  for (const dialect of dialects) expect(upstreams[dialect].dialect).toBe(dialect)
})

it('answers chat in this process for built-in dialects, and by a call for all others', () => {
  const upstreams = open()
  const called = dialects.filter((dialect) => upstreams[dialect].chatCall !== undefined)
  const answered = dialects.filter((dialect) => upstreams[dialect].chatAnswer !== undefined)
  expect(called).toEqual(dialects.filter((dialect) => !isBuiltIn(dialect)))
  expect(answered).toEqual(dialects.filter(isBuiltIn))
})
