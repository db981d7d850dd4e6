import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { createDeviceCookie } from './device-cookie.ts'
import { createHostCookie } from './host-cookie.ts'

function setUp({ pepperByte = 7 } = {}) {
  const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
  const make = (seed: number) =>
    createDeviceCookie({
      pepper: Buffer.alloc(32, pepperByte).toString('base64'),
      clock,
      random: seededRandom(seed),
      cookie: createHostCookie('sluice_device', { publicBaseUrl: 'https://ai.example.org' }),
    })
  return { clock, make, devices: make(1) }
}
const sent = (setCookie: string) => setCookie.split(';')[0]

describe('the device cookie', () => {
  it('is bound to this host and long-lived', () => {
    expect(setUp().devices.write(undefined, 'ada@b.test')).toMatch(
      /^__Host-sluice_device=[\w.~-]+; Max-Age=34560000; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
  })

  it('is recognized for its e-mail, case-insensitively, and survives a restart', () => {
    const { make, devices } = setUp()
    const cookie = sent(devices.write(undefined, 'Ada@b.test'))
    const restarted = make(2)
    expect(restarted.recognize(cookie, 'ada@b.test')).toBeTypeOf('string')
    expect(restarted.recognize(cookie, 'bob@b.test')).toBeUndefined()
    expect(restarted.isKnown(cookie)).toBe(true)
  })

  it('stores several users of one browser, each once', () => {
    const { devices } = setUp()
    const users = ['a@b.test', 'b@b.test', 'a@b.test', 'c@b.test', 'd@b.test', 'e@b.test']
    let cookie: string | undefined
    for (const email of users) cookie = sent(devices.write(cookie, email))
    const known = users.filter((email) => devices.recognize(cookie, email) !== undefined)
    expect(new Set(known)).toEqual(new Set(['a@b.test', 'c@b.test', 'd@b.test', 'e@b.test']))
  })

  it('is invalid when it is forged, damaged, too long, too old or of another installation', async () => {
    const { clock, devices } = setUp()
    const cookie = sent(devices.write(undefined, 'ada@b.test')) ?? ''
    const value = cookie.split('=')[1] ?? ''
    const [nonce, issued, tag, signature] = value.split('.')
    const name = '__Host-sluice_device'
    for (const forged of [
      cookie.slice(0, -1),
      `${name}=${nonce}.${issued}.${tag}.${'A'.repeat(43)}`,
      `${name}=${'A'.repeat(16)}.${issued}.${tag}.${signature}`,
      `${name}=${'x~'.repeat(400)}${value}`,
      'sluice_device=' + value,
      undefined,
    ])
      expect(devices.isKnown(forged)).toBe(false)
    expect(setUp({ pepperByte: 8 }).devices.isKnown(cookie)).toBe(false)
    await clock.advance(401 * 86_400_000)
    expect(devices.isKnown(cookie)).toBe(false)
  })
})
