/**
 * Session tokens: signed, and not stored. A row holds the session's id and the generation of the valid
 * refresh token. Reading the database gives no token, and the same row always gives the same tokens, so that
 * a lost response can be repeated.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

/** The first part of a token; a token of one kind is not valid as another. */
const kinds = { access: 'sat', refresh: 'srt', cookie: 'sct' } as const
export type TokenKind = keyof typeof kinds

export interface SessionToken {
  sessionId: string
  /** The generation of a refresh token. 0 for the others. */
  generation: number
  /** The expiry of an access token, in seconds since the epoch. 0 for tokens that end with the session. */
  expiresAtS: number
}

export interface SessionTokens {
  write(kind: TokenKind, token: SessionToken): string
  /** Undefined for text that was not signed as a token of this kind. Does not check the expiry. */
  read(kind: TokenKind, text: string): SessionToken | undefined
}

const TEXT_CHARACTERS_MAX = 200
const SHAPE = /^(s[arc]t)\.([0-9a-f]{32})\.([0-9a-z]{1,8})\.([0-9a-z]{1,8})\.([\w-]{43})$/

/** `pepper` is base64, the same as for API keys; the signing key is derived from it and differs. */
export function createSessionTokens({ pepper }: { pepper: string }): SessionTokens {
  const derived = hkdfSync('sha256', Buffer.from(pepper, 'base64'), '', 'sluice session tokens', 32)
  const key = createSecretKey(Buffer.from(derived))
  const sign = (head: string) => createHmac('sha256', key).update(head).digest()
  return {
    write(kind, { sessionId, generation, expiresAtS }) {
      const hex = sessionId.slice(PREFIX.length)
      const head = [kinds[kind], hex, generation.toString(36), expiresAtS.toString(36)].join('.')
      return `${head}.${sign(head).toString('base64url')}`
    },
    read(kind, text) {
      if (text.length > TEXT_CHARACTERS_MAX) return undefined
      const [, prefix, hex, generation = '', expires = '', signature = ''] = SHAPE.exec(text) ?? []
      if (prefix !== kinds[kind]) return undefined
      const head = text.slice(0, text.lastIndexOf('.'))
      if (!timingSafeEqual(sign(head), Buffer.from(signature, 'base64url'))) return undefined
      return {
        sessionId: `${PREFIX}${hex}`,
        generation: Number.parseInt(generation, 36),
        expiresAtS: Number.parseInt(expires, 36),
      }
    },
  }
}

const PREFIX = 'ses_'
