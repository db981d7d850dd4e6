import { describe, expect, it } from 'vitest'

import { requestOrigin } from './request-origin.ts'

const at = (host: string, origin: string | null, publicOrigin?: string) =>
  requestOrigin({ host, origin, publicOrigin })

describe('a form from a page of the panel gets its own origin', () => {
  it.each([
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['localhost:8080', 'http://localhost:8080'],
    ['gateway.lan:8080', 'http://gateway.lan:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['GATEWAY.lan', 'http://gateway.lan'],
    // A proxy that terminates TLS and keeps the host.
    ['ai.example.org', 'https://ai.example.org'],
    ['ai.example.org:8443', 'https://ai.example.org:8443'],
  ])('at %s', (host, origin) => {
    expect(at(host, origin)).toBe(origin)
    // A public address with another host does not change the result.
    expect(at(host, origin, 'https://public.example.org')).toBe(origin)
  })

  it('behind a proxy that changes the host, if the public address is set', () => {
    const origin = 'https://ai.example.org'
    expect(at('127.0.0.1:8080', origin, origin)).toBe(origin)
    expect(at('127.0.0.1:8080', origin)).not.toBe(origin)
  })
})

describe('a form from another site gets another origin', () => {
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

it('a form from the public host with another scheme gets another origin, because http can be spoofed', () => {
  const secure = 'https://ai.example.org'
  expect(at('ai.example.org', 'http://ai.example.org', secure)).toBe(secure)
  expect(at('ai.example.org', 'https://ai.example.org', 'http://ai.example.org')).toBe(
    'http://ai.example.org',
  )
})

it('a request for the public host gets the public origin with its scheme', () => {
  expect(at('ai.example.org', null, 'https://ai.example.org')).toBe('https://ai.example.org')
  expect(at('127.0.0.1:8080', null, 'https://ai.example.org')).toBe('http://127.0.0.1:8080')
})
