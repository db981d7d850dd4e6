import { describe, expect, it } from 'vitest'

import { contractRules } from './repository-rules/contracts.ts'
import { environmentRules } from './repository-rules/environment.ts'
import { errorCodeRules } from './repository-rules/error-codes.ts'
import { fileRules } from './repository-rules/files.ts'
import { repositoryOf, readRepository } from './repository-rules/repository.ts'
import { singleFileRules } from './repository-rules/single-file.ts'
import { panelRules } from './repository-rules/panel.ts'
import { portRules } from './repository-rules/ports.ts'
import { serviceRules } from './repository-rules/services.ts'
import { testRules } from './repository-rules/tests.ts'

const rules = [
  ...singleFileRules,
  ...fileRules,
  ...testRules,
  ...serviceRules,
  ...contractRules,
  ...portRules,
  ...errorCodeRules,
  ...environmentRules,
  ...panelRules,
]
const repository = readRepository()

describe('in this repository', () => {
  it.each(rules)('$name', ({ violations }) => {
    expect(violations(repository)).toEqual([])
  })
})

describe('the rule', () => {
  it.each(rules)(
    '"$name" reports the broken sample and accepts the good one',
    ({ violations, broken, good }) => {
      expect(violations(repositoryOf(broken))).not.toEqual([])
      expect(violations(repositoryOf(good))).toEqual([])
    },
  )
})
