/**
 * Tokens of sessions: signed, and stored nowhere. A row holds a session's id and which generation of refresh
 * tokens is valid; who reads the database learns no token, and the same row always makes the same tokens,
 * which is what lets an answer that was lost be given again.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

/** The first word of a token; a token of one kind is never taken for another. */
const kinds = { access: 'sat', refresh: 'srt', cookie: 'sct' } as const
export type TokenKind = keyof typeof kinds

export interface SessionToken {
  sessionId: string
  /** Of refresh tokens: which one. 0 for the others. */
  generation: number
  /** Of access tokens: when it ends, in seconds since the epoch. 0 for those that end with the session. */
  expiresAtS: number
}

export interface SessionTokens {
  write(kind: TokenKind, token: SessionToken): string
  /** Undefined for text that we did not sign as a token of this kind. Whether it is over is not looked at. */
  read(kind: TokenKind, text: string): SessionToken | undefined
}

const TEXT_CHARACTERS_MAX = 200
const SHAPE = /^(s[arc]t)\.([0-9a-f]{32})\.([0-9a-z]{1,8})\.([0-9a-z]{1,8})\.([\w-]{43})$/

/** `pepper` is base64, the one of API keys; the key of tokens is derived from it and differs. */
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
      const [, word, hex, generation = '', expires = '', signature = ''] = SHAPE.exec(text) ?? []
      if (word !== kinds[kind]) return undefined
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
