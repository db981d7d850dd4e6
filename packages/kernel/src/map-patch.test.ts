import { expect, it } from 'vitest'

import type { AllRead } from './map-patch.ts'
import { mapPatch } from './map-patch.ts'

interface Body {
  name?: string | undefined
  rpm_limit?: number | null | undefined
}
interface Change {
  name?: string
  rpmLimit?: number | null
}
const changeOf = (body: Body) =>
  mapPatch<Body, Change>(body, {
    name: (name) => ({ name: name.trim() }),
    rpm_limit: (rpmLimit) => ({ rpmLimit }),
  })

it('a change has the given members only; null is given, undefined is not', () => {
  expect(changeOf({})).toEqual({})
  expect(changeOf({ name: ' a ' })).toStrictEqual({ name: 'a' })
  expect(changeOf({ name: undefined, rpm_limit: null })).toStrictEqual({ rpmLimit: null })
})

it('a mapping that forgets a member of the body does not compile', () => {
  const forgetful = { name: (name: string) => ({ name }) }
  // @ts-expect-error the mapping has no entry for rpm_limit
  expect(mapPatch<Body, Change>({ rpm_limit: 5 }, forgetful)).toEqual({})
  const { name: _name, ...rest }: Body = { rpm_limit: 5 }
  // @ts-expect-error rpm_limit was not read
  expect(rest satisfies AllRead).toEqual({ rpm_limit: 5 })
  const { rpm_limit: _limit, ...none } = rest
  expect(none satisfies AllRead).toEqual({})
})
