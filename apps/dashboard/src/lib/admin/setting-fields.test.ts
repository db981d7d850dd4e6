import { findInvalidSetting, parseSetting, settingNames } from '@sluice/contracts/channel-settings'
import { dialects } from '@sluice/contracts/dialects'
import { expect, test } from 'vitest'

import { settingFields } from './setting-fields.ts'
import { settingIn, withoutSettings, withSetting } from './setting-lines.ts'

test.each(dialects)(
  'each setting of %s has a field, and each choice is one that it takes',
  (dialect) => {
    expect(settingFields[dialect].map(({ name }) => name)).toEqual(settingNames(dialect))
    for (const { name, choices = [] } of settingFields[dialect]) {
      for (const choice of choices) {
        const value = parseSetting(dialect, name, choice)
        expect(findInvalidSetting(dialect, { [name]: value })).toBeUndefined()
      }
    }
  },
)

test('a field changes its own line only', () => {
  const text = 'organization = org-1\nlegacy: kept'
  const both = withSetting(text, 'project', ' p1 ')
  expect(both).toBe('organization = org-1\nlegacy: kept\nproject = p1')
  expect(settingIn(both, 'project')).toBe('p1')
  expect(withSetting(both, 'organization', 'org-2')).toBe(
    'organization = org-2\nlegacy: kept\nproject = p1',
  )
  expect(withSetting(both, 'organization', ' ')).toBe('legacy: kept\nproject = p1')
  expect(settingIn('', 'project')).toBe('')
  expect(withoutSettings(both, ['project', 'latencyMs'])).toBe(text)
})
