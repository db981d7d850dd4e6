import type { ShownApiKey } from '@sluice/contracts/control/apikeys'
import { expect, it } from 'vitest'

import { changedKeyBody, formOfKey, newKeyBody } from './key-body.ts'
import { keyForm } from './key-form.ts'
import { microOf } from './quota.ts'

const key: ShownApiKey = {
  id: 'key_1',
  name: 'bot',
  prefix: 'sk-sluice-12345678',
  rpm_limit: 60,
  daily_quota_micro: '2500000',
  model_whitelist: ['gpt-image-2'],
  ip_whitelist: null,
  expires_at: null,
  spent_today_micro: '0',
  state: 'active',
  created_at: '2026-11-21T00:00:00.000Z',
  last_used_at: null,
  revoked_at: null,
}

it('an unchanged form results in an empty body', () => {
  expect(changedKeyBody(formOfKey(key))).toEqual({})
})

it('the body has only changed fields', () => {
  const form = { ...formOfKey(key), rpm_limit: '', ip_whitelist: ['10.0.0.0/8'] }
  expect(changedKeyBody(form)).toEqual({ rpm_limit: null, ip_whitelist: ['10.0.0.0/8'] })
})

it('an empty field means no limit', () => {
  const form = keyForm.parse({ name: ' bot ' })
  expect(newKeyBody(form)).toEqual({
    name: 'bot',
    rpm_limit: null,
    daily_quota: null,
    model_whitelist: null,
    ip_whitelist: null,
    expires_at: null,
  })
})

it.each([
  ['1', 1_000_000n],
  ['0.5', 500_000n],
  ['0.000001', 1n],
  ['12345678901.123456', 12_345_678_901_123_456n],
])('%s credits are %s micro-credits', (text, micro) => {
  expect(microOf(text)).toBe(micro)
})

it.each(['0', '-1', '1e3', '1,5', '0.0000001', '1234567890123', 'x'])(
  '%s is no amount that a quota could have',
  (text) => {
    expect(microOf(text)).toBeUndefined()
    expect(keyForm.safeParse({ name: 'bot', daily_quota: text }).success).toBe(false)
  },
)

it('an invalid address is refused', () => {
  expect(keyForm.safeParse({ name: 'bot', ip_whitelist: ['10.0.0.0/33'] }).success).toBe(false)
  expect(keyForm.safeParse({ name: 'bot', ip_whitelist: ['2001:db8::/32'] }).success).toBe(true)
})
