import { describe, expect, it } from 'vitest'

import { requestOrigin } from './request-origin.ts'

const at = (host: string, origin: string | null, publicOrigin?: string) =>
  requestOrigin({ host, origin, publicOrigin })

describe('a form from a page of ours is from our own origin', () => {
  it.each([
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['localhost:8080', 'http://localhost:8080'],
    ['gateway.lan:8080', 'http://gateway.lan:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['GATEWAY.lan', 'http://gateway.lan'],
    // A proxy that speaks TLS and keeps the host.
    ['ai.example.org', 'https://ai.example.org'],
    ['ai.example.org:8443', 'https://ai.example.org:8443'],
  ])('at %s', (host, origin) => {
    expect(at(host, origin)).toBe(origin)
    // A public address of another name takes nothing away.
    expect(at(host, origin, 'https://public.example.org')).toBe(origin)
  })

  it('behind a proxy that changes the host, when the public address is known', () => {
    const origin = 'https://ai.example.org'
    expect(at('127.0.0.1:8080', origin, origin)).toBe(origin)
    expect(at('127.0.0.1:8080', origin)).not.toBe(origin)
  })
})

describe('a form from another site is not', () => {
  it.each([
    'https://evil.example',
    'http://127.0.0.1:9999',
    'http://localhost:8080',
    'http://127.0.0.1.evil.example:8080',
    'ftp://127.0.0.1:8080',
    'null',
    'http://',
    'not a URL',
  ])('from %s', (origin) => {
    expect(at('127.0.0.1:8080', origin, 'https://ai.example.org')).toBe('http://127.0.0.1:8080')
  })
})

it('nor is one from our public host under another scheme, which anyone in the network can answer for', () => {
  const secure = 'https://ai.example.org'
  expect(at('ai.example.org', 'http://ai.example.org', secure)).toBe(secure)
  expect(at('ai.example.org', 'https://ai.example.org', 'http://ai.example.org')).toBe(
    'http://ai.example.org',
  )
})

it('a page is at the public address when the host says so, with the scheme that people see', () => {
  expect(at('ai.example.org', null, 'https://ai.example.org')).toBe('https://ai.example.org')
  expect(at('127.0.0.1:8080', null, 'https://ai.example.org')).toBe('http://127.0.0.1:8080')
})
