import { describe, expect, it } from 'vitest'

import { contractRules } from './repository-rules/contracts.ts'
import { environmentRules } from './repository-rules/environment.ts'
import { errorCodeRules } from './repository-rules/error-codes.ts'
import { fileRules } from './repository-rules/files.ts'
import { reportOf, repositoryOf, readRepository } from './repository-rules/repository.ts'
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
  it.each(rules)('$name', (rule) => {
    expect(reportOf(rule, repository)).toEqual([])
  })
})

describe('the rule', () => {
  it.each(rules)(
    '"$name" reports the broken sample with a file, words, rule and remedy, and accepts the good one',
    (rule) => {
      const reports = reportOf(rule, repositoryOf(rule.broken))
      expect(reports).not.toEqual([])
      for (const report of reports) {
        const [violation, ...rest] = report.split('\n')
        expect(violation).toMatch(/^\S*[./]\S* \S/)
        expect(rest).toEqual([`  rule: ${rule.name}`, `  remedy: ${rule.remedy}`])
        expect(rule.remedy.length).toBeGreaterThan(10)
      }
      expect(reportOf(rule, repositoryOf(rule.good))).toEqual([])
    },
  )
})
