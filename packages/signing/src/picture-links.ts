import type { KeyObject } from 'node:crypto'
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

import { assert } from '@sluice/kernel/assert'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'

import type { PictureLinks, PictureRef } from './picture-link.ts'

/** The longest validity of a link. */
export const LINK_TTL_MS_MAX = 7 * 24 * 3_600_000
/** The tolerated difference between two servers' clocks: a link stays valid this long after its expiry. */
export const CLOCK_SKEW_MS_MAX = 60_000

const SECRET_BYTES_MIN = 32
const MAC_HEX_LENGTH = 64
const SIG_LENGTH_MAX = 2 * 16 + MAC_HEX_LENGTH

export interface SigningKey {
  /** `[a-z0-9_-]`, at most 16 characters; its hex form is the prefix of each signature. */
  id: string
  /** At least 32 bytes; text counts as its UTF-8 bytes. */
  secret: string | Uint8Array
}

export interface PictureLinksOptions {
  /** The public base URL of this installation, with or without a path: `https://pictures.example.com`. */
  baseUrl: string
  /** Newest first: the first one signs, all of them verify. */
  keys: readonly SigningKey[]
  clock?: Clock
}

/**
 * Signs and verifies links to one picture with an expiry: HMAC-SHA256 over method, path, expiry and key id.
 * Throws an AssertionError for weak, repeated or missing keys, so that a service does not start with them.
 */
export function createPictureLinks({
  baseUrl,
  keys,
  clock = systemClock,
}: PictureLinksOptions): PictureLinks {
  const base = new URL(baseUrl).href.replace(/\/+$/, '')
  const ring = readKeys(keys)
  const [newest] = ring
  assert(newest, 'a signing key is needed')

  return {
    sign(picture, expiresAt) {
      const path = picturePath(picture)
      const expiry = Math.floor(expiresAt.getTime() / 1_000)
      assert(Number.isSafeInteger(expiry) && expiry > 0, 'the expiry of a link is a date')
      assert(expiresAt.getTime() - clock.nowMs() <= LINK_TTL_MS_MAX, 'a link lives 7 days at most')
      const mac = macOf(newest, { path, exp: String(expiry) }).toString('hex')
      return `${base}${path}?exp=${expiry}&sig=${newest.prefix}${mac}`
    },
    check(picture, { exp, sig }, now) {
      const ref = readRef(picture)
      const expiry = readExpiry(exp)
      if (!ref || expiry === undefined || exp === undefined || sig === undefined) return 'forged'
      if (sig.length > SIG_LENGTH_MAX || !/^(?:[0-9a-f]{2})+$/.test(sig)) return 'forged'
      const prefix = sig.slice(0, -MAC_HEX_LENGTH)
      const key = ring.find((known) => known.prefix === prefix)
      if (!key) return 'forged'
      const given = Buffer.from(sig.slice(-MAC_HEX_LENGTH), 'hex')
      if (!timingSafeEqual(given, macOf(key, { path: picturePath(ref), exp }))) return 'forged'
      return now.getTime() <= expiry * 1_000 + CLOCK_SKEW_MS_MAX ? 'valid' : 'expired'
    },
  }
}

interface RingKey {
  id: string
  prefix: string
  key: KeyObject
}

function readKeys(keys: readonly SigningKey[]): RingKey[] {
  assert(new Set(keys.map(({ id }) => id)).size === keys.length, 'signing key ids must differ')
  return keys.map(({ id, secret }) => {
    assert(/^[a-z0-9_-]{1,16}$/.test(id), 'a signing key id is 1 to 16 of [a-z0-9_-]')
    const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret)
    assert(bytes.length >= SECRET_BYTES_MIN, 'a signing secret has at least 32 bytes')
    return { id, prefix: Buffer.from(id).toString('hex'), key: createSecretKey(bytes) }
  })
}

// Each field is prefixed by its length, so that no two sets of fields give the same bytes.
function macOf({ id, key }: RingKey, { path, exp }: { path: string; exp: string }): Buffer {
  const hmac = createHmac('sha256', key)
  for (const field of ['sluice-picture-1', 'GET', path, exp, id]) {
    const bytes = Buffer.from(field, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.digest()
}

function picturePath({ task, index }: PictureRef): string {
  assert(isTask(task) && isIndex(String(index)), 'a link names a picture of a job')
  return `/p/img/${task}/${index}`
}

function readRef({ task, index }: { task: string; index: string }): PictureRef | undefined {
  return isTask(task) && isIndex(index) ? { task, index: Number(index) } : undefined
}

const isTask = (text: string) => /^img_[0-9a-f]{32}$/.test(text)
const isIndex = (text: string) => /^(?:0|[1-9]\d?)$/.test(text)

// Only the format that `sign` writes: no sign, no leading zero, no exponent, at most 11 digits.
function readExpiry(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,10}$/.test(text) ? Number(text) : undefined
}
