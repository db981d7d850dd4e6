import { Socket } from 'node:net'

import { describe, expect, it } from 'vitest'

import { callerOrigin } from './caller-origin.ts'

const socket = new Socket()
const of = (headers: Record<string, string>, trustedProxyHops = 0) =>
  callerOrigin({ headers, socket }, { trustedProxyHops })

describe('callerOrigin', () => {
  it.each([
    ['ai.example.org', 'http://ai.example.org'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['localhost:3000', 'http://localhost:3000'],
    ['my_host-1', 'http://my_host-1'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['AI.example.org:80', 'http://ai.example.org'],
  ])('returns the origin of Host: %s', (host, origin) => expect(of({ host })).toBe(origin))

  it.each([
    '',
    ' ',
    'evil.example/path',
    'user@evil.example',
    'evil.example?x=1',
    'evil.example#',
    'a b',
    'evil.example:99999',
    'evil.example:80:80',
    '<script>',
    'javascript:alert(1)',
    '%65vil.example',
    '[::1',
    `${'a'.repeat(300)}.example`,
    'evil.example\\@good.example',
  ])('returns undefined for an invalid Host: %j', (host) => expect(of({ host })).toBeUndefined())

  it('returns undefined without a Host', () => expect(of({})).toBeUndefined())

  it('reads forwarded headers only behind trusted proxies', () => {
    const headers = {
      host: '10.0.0.7:8080',
      'x-forwarded-host': 'evil.example, ai.example.org',
      'x-forwarded-proto': 'https',
    }
    expect(of(headers)).toBe('http://10.0.0.7:8080')
    expect(of(headers, 1)).toBe('https://ai.example.org')
    expect(of({ ...headers, 'x-forwarded-proto': 'javascript' }, 1)).toBeUndefined()
  })

  it('returns https where the connection is encrypted', () => {
    const encrypted = Object.assign(new Socket(), { encrypted: true })
    const headers = { host: 'ai.example.org' }
    expect(callerOrigin({ headers, socket: encrypted }, { trustedProxyHops: 0 })).toBe(
      'https://ai.example.org',
    )
  })
})
