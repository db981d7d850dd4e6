import { createApiKeyBody } from '@sluice/contracts/control/apikeys'
import { registerBody } from '@sluice/contracts/control/auth'
import { expect, it } from 'vitest'

import { messages as english } from '../i18n/en/errors.ts'
import { messages as chinese } from '../i18n/zh/errors.ts'
import { fieldErrors } from './field-errors.ts'

const inEnglish = fieldErrors(english, 'en')

const said = (parsed: { error?: { issues: { message: string }[] } }) =>
  parsed.error?.issues.map(({ message }) => message)

it('says beside each field what is wrong with it, in the person’s language', () => {
  const input = { email: 'nobody', password: 'short' }
  expect(said(registerBody.safeParse(input, { error: inEnglish }))).toEqual([
    'This is not an e-mail address.',
    'Use at least 10 characters.',
  ])
  expect(said(registerBody.safeParse(input, { error: fieldErrors(chinese, 'zh') }))).toEqual([
    '邮箱格式不正确。',
    '至少 10 个字符。',
  ])
})

it('asks for what was left empty', () => {
  const empty = registerBody.safeParse({ email: '', password: '' }, { error: inEnglish })
  expect(said(empty)).toEqual(['Fill this in.', 'Fill this in.'])
})

it('knows numbers and networks', () => {
  const input = { name: 'a', rpm_limit: 0, ip_whitelist: ['10.0.0.0/99'] }
  const messages = said(createApiKeyBody.safeParse(input, { error: inEnglish }))
  expect(messages?.[0]).toBe('Use 1 or more.')
})
