import { describe, expect, it } from 'vitest'

import { contractRules } from './house/contracts.ts'
import { environmentRules } from './house/environment.ts'
import { errorCodeRules } from './house/error-codes.ts'
import { fileRules } from './house/files.ts'
import { houseOf, readHouse } from './house/house.ts'
import { onePlaceRules } from './house/one-place.ts'
import { panelRules } from './house/panel.ts'
import { portRules } from './house/ports.ts'
import { serviceRules } from './house/services.ts'
import { testRules } from './house/tests.ts'

const rules = [
  ...onePlaceRules,
  ...fileRules,
  ...testRules,
  ...serviceRules,
  ...contractRules,
  ...portRules,
  ...errorCodeRules,
  ...environmentRules,
  ...panelRules,
]
const house = readHouse()

describe('in this house', () => {
  it.each(rules)('$name', ({ offences }) => {
    expect(offences(house)).toEqual([])
  })
})

describe('the rule', () => {
  it.each(rules)('"$name" is noticed when broken, and only then', ({ offences, broken, kept }) => {
    expect(offences(houseOf(broken))).not.toEqual([])
    expect(offences(houseOf(kept))).toEqual([])
  })
})
