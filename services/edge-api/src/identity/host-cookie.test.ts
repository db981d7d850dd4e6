import { describe, expect, it } from 'vitest'

import { createHostCookie } from './host-cookie.ts'

const of = (publicBaseUrl: string | undefined) =>
  createHostCookie('sluice_session', { publicBaseUrl })

describe('createHostCookie', () => {
  it.each([
    'https://ai.example.org',
    'https://ai.example.org:8443/base',
    'http://localhost:8080',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
    'http://sluice.localhost',
    undefined,
  ])('uses the __Host- prefix and Secure with public URL %s', (url) => {
    const cookie = of(url)
    expect(cookie.set('token')).toBe(
      '__Host-sluice_session=token; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax; Secure',
    )
    expect(cookie.clear()).toBe(
      '__Host-sluice_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure',
    )
    // Another host of the domain can set the plain name, but not this one.
    expect(cookie.read('sluice_session=forged')).toBeUndefined()
  })

  it.each(['http://192.168.1.7:8080', 'http://sluice.lan', 'http://localhost.example.org'])(
    'uses a plain cookie, because browsers would reject a Secure one, with public URL %s',
    (url) => {
      const cookie = of(url)
      expect(cookie.secure).toBe(false)
      const set = 'sluice_session=token; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax'
      expect(cookie.set('token')).toBe(set)
    },
  )

  it('finds its cookie among others by the whole name', () => {
    const cookie = of('https://ai.example.org')
    const header = 'a=b; x__Host-sluice_session=no;  __Host-sluice_session=yes.1; theme=dark'
    expect(cookie.read(header)).toBe('yes.1')
    expect(cookie.read('__Host-sluice_session')).toBeUndefined()
    expect(cookie.read('')).toBeUndefined()
    expect(cookie.read(undefined)).toBeUndefined()
  })
})
