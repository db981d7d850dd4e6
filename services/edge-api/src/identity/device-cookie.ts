/**
 * Recognizes a browser that signed in before: its sign-ins are not slowed down by failures from other
 * addresses (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). It is not a session and grants
 * no access. Signed with a key derived from the pepper, so that it survives restarts and is valid at every
 * edge.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

/** The longest cookie age that browsers accept; older tokens are rejected here too. */
const AGE_S_MAX = 400 * 86_400
/** The maximum number of users of one browser. */
const TOKENS_MAX = 4
const COOKIE_CHARACTERS_MAX = 600
const NONCE_BYTES = 12
const TOKEN = /^([\w-]{16})\.([0-9a-z]{1,8})\.([\w-]{43})\.([\w-]{43})$/

export interface DeviceCookie {
  /** The device's id for this e-mail, if the Cookie header proves an earlier sign-in with it. */
  recognize(header: string | undefined, email: string): string | undefined
  /** True if the device signed in with any e-mail before. */
  isKnown(header: string | undefined): boolean
  /** The value of a Set-Cookie header after a sign-in; tokens of other users of the browser are retained. */
  write(header: string | undefined, email: string): string
}

interface Token {
  text: string
  nonce: string
  emailTag: string
}

export interface DeviceCookieDeps {
  /** Base64; the same pepper as for API keys. */
  pepper: string
  clock: Clock
  random: Random
  /** Reads and writes the cookie with the name and flags of this installation. */
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
