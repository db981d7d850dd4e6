import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { LRUCache } from 'lru-cache'

import type { QueueClass } from '../fair-queue.ts'

const NAMES_MAX = 20_000
/** This many failures of one address or device are free of delay; one is forgotten every 20 s. */
const FREE_FAILURES = 10
const FORGET_EVERY_MS = 20_000
/** Beyond that, attempts run one after the other, each delayed: 250 ms, 500 ms, 1 s, 2 s, 2 s, … */
const DELAY_MS = 250
const DELAY_MS_MAX = 2_000
/** The maximum of waiting attempts of one address; together with the delay, it bounds the waiting time. */
const WAITING_MAX = 4
/** Failures of one e-mail from all addresses: beyond it, unknown devices are served last and with a delay. */
const FREE_EMAIL_FAILURES = 20
const EMAIL_FORGET_EVERY_MS = 60_000

export interface ThrottledAttempt {
  /** Resolves when the attempt may be made. */
  ready: Promise<void>
  /** Its priority in the hash queue. */
  class: QueueClass
  /** Undoes the count: it succeeded, or could not be checked. */
  uncount(): void
  /** Must always be called last: lets the next attempt of the same address start. */
  end(): void
}

/**
 * Limits password guessing without locking anyone out: after ten failures of one address, its attempts run
 * one after the other with a growing, bounded delay. Failures of others at the same e-mail cause only a
 * bounded delay, and none for a known device. Counted in this process; a restart resets the counts.
 */
export interface SignInThrottle {
  /**
   * Counts an attempt before it is made. Throws `too_many_attempts` while too many of this address are
   * waiting.
   */
  begin(input: { email: string; address: string; device: string | undefined }): ThrottledAttempt
}

interface Count {
  count: number
  atMs: number
  waiting: number
  last: Promise<void>
}

export function createSignInThrottle({ clock }: { clock: Clock }): SignInThrottle {
  const sources = createCounts(clock, FORGET_EVERY_MS)
  const emails = createCounts(clock, EMAIL_FORGET_EVERY_MS)
  return {
    begin({ email, address, device }) {
      const source = sources.of(device === undefined ? `address ${address}` : `device ${device}`)
      const target = device === undefined ? emails.of(email) : undefined
      const over = sources.level(source) - FREE_FAILURES
      const emailOver = target ? emails.level(target) - FREE_EMAIL_FAILURES : -1
      const delayMs = Math.max(delayOf(over), delayOf(emailOver))
      const isPaced = over >= 0
      if (isPaced && source.waiting >= WAITING_MAX) throw tooMany(delayMs * source.waiting)
      sources.add(source, 1)
      if (target) emails.add(target, 1)
      const turn = isPaced ? takeTurn(source) : { ready: Promise.resolve(), end: () => undefined }
      return {
        ready: delayMs > 0 ? turn.ready.then(() => clock.sleep(delayMs)) : turn.ready,
        class: device === undefined ? (emailOver >= 0 ? 'last' : 'normal') : 'first',
        uncount() {
          sources.add(source, -1)
          if (target) emails.add(target, -1)
        },
        end: turn.end,
      }
    },
  }
}

// `over` is the number of failures beyond the free ones.
function delayOf(over: number): number {
  return over < 0 ? 0 : Math.min(DELAY_MS_MAX, DELAY_MS * 2 ** Math.min(Math.floor(over), 10))
}

function takeTurn(source: Count) {
  const before = source.last
  const turn = Promise.withResolvers<void>()
  source.last = turn.promise
  source.waiting += 1
  return {
    ready: before,
    end: () => {
      source.waiting -= 1
      turn.resolve()
    },
  }
}

function createCounts(clock: Clock, forgetEveryMs: number) {
  const counts = new LRUCache<string, Count>({ max: NAMES_MAX })
  const level = ({ count, atMs }: Count) =>
    Math.max(0, count - Math.max(0, clock.nowMs() - atMs) / forgetEveryMs)
  return {
    level,
    of(name: string): Count {
      const known = counts.get(name)
      if (known) return known
      const created = { count: 0, atMs: clock.nowMs(), waiting: 0, last: Promise.resolve() }
      counts.set(name, created)
      return created
    },
    add(one: Count, change: number): void {
      one.count = Math.max(0, level(one) + change)
      one.atMs = clock.nowMs()
    },
  }
}

function tooMany(retryAfterMs: number): AppError {
  const message = 'Too many attempts from your address at once. Try again in a moment.'
  return new AppError('too_many_attempts', message, { retryAfterMs: Math.max(1_000, retryAfterMs) })
}
