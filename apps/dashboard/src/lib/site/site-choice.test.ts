import { expect, it } from 'vitest'

import { choiceCookie, readChoice } from './site-choice.ts'

const read = (cookies: Record<string, string>, acceptLanguage: string | null = null) =>
  readChoice({ cookie: (name) => cookies[name], acceptLanguage })

it('a stored setting is read back unchanged', () => {
  const cookies = { sluice_language: 'zh', sluice_theme: 'dark', sluice_zone: 'Asia/Shanghai' }
  const choice = { language: 'zh', theme: 'dark', zone: 'Asia/Shanghai', rail: 'slim' }
  const others = { sluice_rail: 'slim', sluice_welcomed: '1' }
  expect(read({ ...cookies, ...others })).toEqual({ ...choice, welcomed: true })
})

it('the defaults are the browser’s language, the system theme and UTC', () => {
  const choice = { language: 'zh', theme: 'system', zone: 'UTC', rail: 'wide', welcomed: false }
  expect(read({}, 'zh-CN')).toEqual(choice)
})

it('an invalid cookie is ignored', () => {
  const odd = { sluice_language: '../en', sluice_theme: '" onload="x', sluice_zone: 'Mars/Base' }
  const choice = { language: 'en', theme: 'system', zone: 'UTC', rail: 'wide', welcomed: false }
  expect(read({ ...odd, sluice_rail: 'none', sluice_welcomed: 'yes' })).toEqual(choice)
  expect(read({ sluice_zone: '"><script>' }).zone).toBe('UTC')
})

it('a setting is stored for a year, for this site only, and Secure only over TLS', () => {
  const line = 'sluice_zone=Asia%2FTokyo; Path=/; Max-Age=31536000; SameSite=Lax'
  expect(choiceCookie('zone', { value: 'Asia/Tokyo', secure: false })).toBe(line)
  expect(choiceCookie('zone', { value: 'Asia/Tokyo', secure: true })).toBe(`${line}; Secure`)
})
