import { expect, test } from 'vitest'

import { newId } from './ids.ts'
import { seededRandom } from './random.ts'
import { fakeClock } from './testing/fake-clock.ts'

test('ids of one kind sort by creation time', async () => {
  const clock = fakeClock()
  const random = seededRandom(1)
  const made: string[] = []
  for (let index = 0; index < 50; index += 1) {
    made.push(newId('img', { clock, random }))
    await clock.advance(1)
  }
  expect([...made].sort()).toEqual(made)
  expect(made[0]).toMatch(/^img_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
})
