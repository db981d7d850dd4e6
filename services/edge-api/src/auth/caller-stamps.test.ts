import { randomBytes } from 'node:crypto'

import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { createCallerStamps } from './caller-stamps.ts'

const pepper = randomBytes(32).toString('base64')

describe('the signed client address from the panel', () => {
  it.each(['203.0.113.9', '2001:db8::1', 'fe80::1%eth0', 'unknown'])(
    '%s is accepted when any edge with the same pepper signed it',
    (address) => {
      const clock = fakeClock(1_000_000)
      const stamp = createCallerStamps({ pepper, clock }).write(address)
      expect(createCallerStamps({ pepper, clock }).read(stamp)).toBe(address)
    },
  )

  it('is rejected when changed, signed with another key, or unsigned', () => {
    const clock = fakeClock(1_000_000)
    const stamps = createCallerStamps({ pepper, clock })
    const stamp = stamps.write('203.0.113.9')
    const [, at = '', signature = ''] = stamp.split(' ')
    const foreign = createCallerStamps({ pepper: randomBytes(32).toString('base64'), clock })
    const forged = [
      undefined,
      '',
      '203.0.113.9',
      `203.0.113.9 ${at}`,
      `198.51.100.1 ${at} ${signature}`,
      `203.0.113.9 ${(1_000_001).toString(36)} ${signature}`,
      `203.0.113.9 ${at} ${'A'.repeat(43)}`,
      foreign.write('203.0.113.9'),
    ]
    for (const text of forged) expect(stamps.read(text), String(text)).toBeUndefined()
    expect(stamps.read([stamp, stamp])).toBeUndefined()
  })

  it('expires after a minute', async () => {
    const clock = fakeClock(1_000_000)
    const stamps = createCallerStamps({ pepper, clock })
    const stamp = stamps.write('203.0.113.9')
    await clock.advance(60_000)
    expect(stamps.read(stamp)).toBe('203.0.113.9')
    await clock.advance(1)
    expect(stamps.read(stamp)).toBeUndefined()
  })
})
