import { describe, expect, it } from 'vitest'

import type { GuardRules } from './guard-url.ts'
import { guardRedirect, guardUrl } from './guard-url.ts'

const rules: GuardRules = { portsAllowed: [80, 443, 8443], privateHostsAllowed: ['minio.lan:9000'] }

describe('guardUrl', () => {
  it.each([
    ['http://example.com/a.png', 'http://example.com/a.png'],
    ['https://example.com:8443/a?b=c#d', 'https://example.com:8443/a?b=c#d'],
    ['HTTPS://EXAMPLE.com/', 'https://example.com/'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['https://[2606:4700::1]/', 'https://[2606:4700::1]/'],
  ])('allows %s', (text, href) => {
    expect(guardUrl(text, rules)).toMatchObject({ allowed: true, trusted: false, url: { href } })
  })

  it.each([
    ['ftp://example.com/', 'scheme'],
    ['//example.com/', 'malformed'],
    ['http:example.com', 'malformed'],
    ['http://exa\tmple.com/', 'malformed'],
    ['http://a:b@example.com/', 'credentials'],
    ['http://example.com:8080/', 'port'],
    ['http://db/', 'host'],
    ['http://minio.lan/', 'host'],
    ['http://minio.lan:9001/', 'port'],
  ])('returns the reason why %j is rejected', (text, reason) => {
    expect(guardUrl(text, rules)).toEqual({ allowed: false, reason })
  })

  it('allows a private host only at the port that the operator configured', () => {
    expect(guardUrl('http://minio.lan:9000/x', rules)).toMatchObject({ trusted: true })
    expect(guardUrl('http://minio.lan.example.com:9000/', rules)).toMatchObject({ reason: 'port' })
  })
})

describe('guardRedirect', () => {
  const from = new URL('https://example.com/a/b')

  it.each([
    ['/c', 'https://example.com/c'],
    ['c', 'https://example.com/a/c'],
    ['//other.example/c', 'https://other.example/c'],
    ['https://other.example:8443/', 'https://other.example:8443/'],
  ])('allows a redirect to %s', (location, href) => {
    expect(guardRedirect(from, location, rules)).toMatchObject({ allowed: true, url: { href } })
  })

  it.each([
    ['http://example.com/', 'downgrade'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['https://u@example.com/', 'credentials'],
    ['https://localhost/', 'host'],
    ['\\\\127.0.0.1\\x', 'malformed'],
    ['https://example.com:22/', 'port'],
  ])('rejects a redirect to %j', (location, reason) => {
    expect(guardRedirect(from, location, rules)).toEqual({ allowed: false, reason })
  })
})
