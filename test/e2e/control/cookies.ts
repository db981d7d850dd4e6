import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { signInByCookie } from './browser-like.ts'

/** The session cookie cannot be read by scripts, set by another host, or sent over plain HTTP. */
export async function hostCookie(context: Context): Promise<void> {
  const { setCookie } = await signInByCookie(context)
  const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim())
  const flags = attributes.map((attribute) => attribute.toLowerCase())
  expect(pair).toMatch(/^__Host-sluice_session=\S{20,}$/)
  expect(flags).toEqual(expect.arrayContaining(['httponly', 'secure', 'samesite=lax', 'path=/']))
  expect(flags.filter((flag) => flag.startsWith('domain'))).toEqual([])
}

/** With a plain-HTTP PUBLIC_BASE_URL the cookie works without `secure`, and a warning is logged. */
export async function plainCookie(context: Context): Promise<void> {
  const { setCookie } = await signInByCookie(context)
  expect(setCookie).toMatch(/^sluice_session=\S{20,}/)
  expect(setCookie.toLowerCase()).toContain('httponly')
  expect(setCookie.toLowerCase()).toContain('samesite=lax')
  expect(setCookie.toLowerCase()).not.toContain('secure')
  expect(context.running.output()).toMatch(/https/i)
}
