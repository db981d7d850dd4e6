import { createApiKeyBody } from '@sluice/contracts/control/apikeys'
import { registerBody } from '@sluice/contracts/control/auth'
import { expect, it } from 'vitest'

import { messages as english } from '../i18n/en/errors.ts'
import { messages as chinese } from '../i18n/zh/errors.ts'
import { fieldErrors } from './field-errors.ts'

const inEnglish = fieldErrors(english, 'en')

const messagesOf = (parsed: { error?: { issues: { message: string }[] } }) =>
  parsed.error?.issues.map(({ message }) => message)

it('gives each invalid field a message in the user’s language', () => {
  const input = { email: 'invalid', password: 'short' }
  expect(messagesOf(registerBody.safeParse(input, { error: inEnglish }))).toEqual([
    'Enter a valid e-mail address.',
    'Use at least 10 characters.',
  ])
  expect(messagesOf(registerBody.safeParse(input, { error: fieldErrors(chinese, 'zh') }))).toEqual([
    '邮箱格式不正确。',
    '至少 10 个字符。',
  ])
})

it('requires empty fields', () => {
  const empty = registerBody.safeParse({ email: '', password: '' }, { error: inEnglish })
  expect(messagesOf(empty)).toEqual(['Required.', 'Required.'])
})

it('has messages for numbers and networks', () => {
  const input = { name: 'a', rpm_limit: 0, ip_whitelist: ['10.0.0.0/99'] }
  const messages = messagesOf(createApiKeyBody.safeParse(input, { error: inEnglish }))
  expect(messages?.[0]).toBe('Use 1 or more.')
})
