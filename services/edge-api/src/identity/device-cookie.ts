/**
 * Remembers that somebody signed in from a browser before: whoever shows such a cookie is not slowed down by the
 * failures of strangers (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). It is no session and opens
 * nothing. Signed under a key derived from the pepper, so that it outlives restarts and holds at every edge.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

/** Browsers keep no cookie for longer; we believe it no longer either. */
const AGE_S_MAX = 400 * 86_400
/** A browser may be shared by so many people. */
const TOKENS_MAX = 4
const COOKIE_CHARACTERS_MAX = 600
const NONCE_BYTES = 12
const TOKEN = /^([\w-]{16})\.([0-9a-z]{1,8})\.([\w-]{43})\.([\w-]{43})$/

export interface DeviceCookie {
  /** The name of this device for this e-mail, when the Cookie header shows that it signed in with it before. */
  recognize(header: string | undefined, email: string): string | undefined
  /** True when it signed in with any e-mail before. */
  isKnown(header: string | undefined): boolean
  /** The value of a Set-Cookie header after a sign-in; other people of the same browser are kept. */
  write(header: string | undefined, email: string): string
}

interface Token {
  text: string
  nonce: string
  emailTag: string
}

export interface DeviceCookieDeps {
  /** Base64, the one of API keys. */
  pepper: string
  clock: Clock
  random: Random
  /** The cookie itself, as its name and flags are chosen for this installation. */
  cookie: { read(header: string | undefined): string | undefined; set(value: string): string }
}

export function createDeviceCookie({
  pepper,
  clock,
  random,
  cookie,
}: DeviceCookieDeps): DeviceCookie {
  const derived = hkdfSync('sha256', Buffer.from(pepper, 'base64'), '', 'sluice device cookies', 32)
  const key = createSecretKey(Buffer.from(derived))
  const mac = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  const tagOf = (email: string) => mac(`email ${email.toLowerCase()}`)
  const nowS = () => Math.floor(clock.nowMs() / 1_000)

  const readToken = (text: string): Token[] => {
    const [, nonce = '', issued = '', emailTag = '', signature] = TOKEN.exec(text) ?? []
    if (signature === undefined) return []
    const expected = Buffer.from(mac(`device ${nonce}.${issued}.${emailTag}`))
    if (!timingSafeEqual(expected, Buffer.from(signature))) return []
    return nowS() - Number.parseInt(issued, 36) > AGE_S_MAX ? [] : [{ text, nonce, emailTag }]
  }
  const read = (header: string | undefined): Token[] => {
    const value = cookie.read(header) ?? ''
    if (value.length > COOKIE_CHARACTERS_MAX) return []
    return value.split('~').slice(0, TOKENS_MAX).flatMap(readToken)
  }

  return {
    recognize(header, email) {
      const emailTag = tagOf(email)
      return read(header).find((token) => token.emailTag === emailTag)?.nonce
    },
    isKnown: (header) => read(header).length > 0,
    write(header, email) {
      const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64url')
      const emailTag = tagOf(email)
      const head = `${nonce}.${nowS().toString(36)}.${emailTag}`
      const others = read(header).filter((token) => token.emailTag !== emailTag)
      const texts = [`${head}.${mac(`device ${head}`)}`, ...others.map(({ text }) => text)]
      return cookie.set(texts.slice(0, TOKENS_MAX).join('~'))
    },
  }
}
