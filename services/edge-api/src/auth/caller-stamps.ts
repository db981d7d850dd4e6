/**
 * The panel's server sends the requests of all users to `/api` from its own address. The edge therefore
 * forwards each caller's address to the panel in a signed header, which the panel returns with its API
 * requests. Only the panel receives these stamps, and only edges can create them.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

import type { Clock } from '@sluice/kernel/clock'

/** Validity of a stamp; covers rendering a page and clock differences between edges. */
const VALID_MS = 60_000
const SHAPE = /^([\w:.%-]{1,64}) ([0-9a-z]{1,10}) ([\w-]{43})$/

export interface CallerStamps {
  write(address: string): string
  /** The address of a valid stamp; undefined for anything else. */
  read(stamp: string | string[] | undefined): string | undefined
}

/** `pepper` is the base64 pepper of API keys, shared by all edges; the stamp key is derived from it. */
export function createCallerStamps({
  pepper,
  clock,
}: {
  pepper: string
  clock: Pick<Clock, 'nowMs'>
}): CallerStamps {
  const derived = hkdfSync('sha256', Buffer.from(pepper, 'base64'), '', 'sluice caller stamps', 32)
  const key = createSecretKey(Buffer.from(derived))
  const sign = (head: string) => createHmac('sha256', key).update(head).digest()
  return {
    write(address) {
      const head = `${address} ${clock.nowMs().toString(36)}`
      return `${head} ${sign(head).toString('base64url')}`
    },
    read(stamp) {
      if (typeof stamp !== 'string') return undefined
      const [, address = '', atText = '', signature] = SHAPE.exec(stamp) ?? []
      if (signature === undefined) return undefined
      const signed = Buffer.from(signature, 'base64url')
      if (!timingSafeEqual(sign(`${address} ${atText}`), signed)) return undefined
      const ageMs = clock.nowMs() - Number.parseInt(atText, 36)
      return Math.abs(ageMs) <= VALID_MS ? address : undefined
    },
  }
}
