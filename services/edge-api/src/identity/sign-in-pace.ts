import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { LRUCache } from 'lru-cache'

import type { QueueClass } from '../fair-queue.ts'

const NAMES_MAX = 20_000
/** So many failures of one address or device cost no time; one is forgotten every 20 s. */
const FREE_FAILURES = 10
const FORGET_EVERY_MS = 20_000
/** Above that, the next attempt waits: 250 ms, 500 ms, 1 s, 2 s, 2 s, …, one after the other. */
const DELAY_MS = 250
const DELAY_MS_MAX = 2_000
/** Attempts of one address that wait; together with the delay, a bound on how long anybody waits. */
const WAITING_MAX = 4
/** Failures of one e-mail from everywhere: beyond it, devices that are not known are served last and wait a little. */
const FREE_EMAIL_FAILURES = 20
const EMAIL_FORGET_EVERY_MS = 60_000

export interface PacedAttempt {
  /** Resolves when the attempt may be made. */
  ready: Promise<void>
  /** Before whom it is served. */
  class: QueueClass
  /** It succeeded, or could not be judged: it was no failure. */
  takeBack(): void
  /** Always called last: the next one of the same address may begin. */
  end(): void
}

/**
 * Slows down who guesses passwords, and shuts nobody out: after ten failures of one address the next attempts are
 * made one after the other with a growing, bounded delay. Failures of others at the same e-mail cost a bounded delay
 * only, and a known device not even that. Counted in this process; a restart forgets.
 */
export interface SignInPace {
  /** Counts an attempt before it is made. Throws `too_many_attempts` while too many of this address wait. */
  begin(input: { email: string; address: string; device: string | undefined }): PacedAttempt
}

interface Count {
  count: number
  atMs: number
  waiting: number
  last: Promise<void>
}

export function createSignInPace({ clock }: { clock: Clock }): SignInPace {
  const places = createCounts(clock, FORGET_EVERY_MS)
  const emails = createCounts(clock, EMAIL_FORGET_EVERY_MS)
  return {
    begin({ email, address, device }) {
      const place = places.of(device === undefined ? `address ${address}` : `device ${device}`)
      const target = device === undefined ? emails.of(email) : undefined
      const over = places.level(place) - FREE_FAILURES
      const emailOver = target ? emails.level(target) - FREE_EMAIL_FAILURES : -1
      const delayMs = Math.max(delayOf(over), delayOf(emailOver))
      const isPaced = over >= 0
      if (isPaced && place.waiting >= WAITING_MAX) throw tooMany(delayMs * place.waiting)
      places.add(place, 1)
      if (target) emails.add(target, 1)
      const turn = isPaced ? takeTurn(place) : { ready: Promise.resolve(), end: () => undefined }
      return {
        ready: delayMs > 0 ? turn.ready.then(() => clock.sleep(delayMs)) : turn.ready,
        class: device === undefined ? (emailOver >= 0 ? 'last' : 'normal') : 'first',
        takeBack() {
          places.add(place, -1)
          if (target) emails.add(target, -1)
        },
        end: turn.end,
      }
    },
  }
}

// `over` is how many failures above the free ones there were.
function delayOf(over: number): number {
  return over < 0 ? 0 : Math.min(DELAY_MS_MAX, DELAY_MS * 2 ** Math.min(Math.floor(over), 10))
}

function takeTurn(place: Count) {
  const before = place.last
  const turn = Promise.withResolvers<void>()
  place.last = turn.promise
  place.waiting += 1
  return {
    ready: before,
    end: () => {
      place.waiting -= 1
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
      const fresh = { count: 0, atMs: clock.nowMs(), waiting: 0, last: Promise.resolve() }
      counts.set(name, fresh)
      return fresh
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
