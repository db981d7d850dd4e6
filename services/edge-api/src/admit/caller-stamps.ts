/**
 * A page's form is sent on by the panel's server, so that all of them reach `/api` from one address. The door
 * therefore gives the panel each caller's address, signed, and takes it back from whoever asks for them. Only
 * the panel gets stamps, and nobody else can make one.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'

import type { Clock } from '@sluice/kernel/clock'

/** A page is made within this time; two doors' clocks may differ by as much. */
const VALID_MS = 60_000
const SHAPE = /^([\w:.%-]{1,64}) ([0-9a-z]{1,10}) ([\w-]{43})$/

export interface CallerStamps {
  write(address: string): string
  /** The address of a stamp of ours that is still good; undefined for anything else. */
  read(stamp: string | string[] | undefined): string | undefined
}

/** `pepper` is base64, the one of API keys, which all doors share; the key of stamps is derived from it. */
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
