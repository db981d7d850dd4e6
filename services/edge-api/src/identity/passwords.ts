import { PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN } from '@sluice/contracts/control/auth'
import { AppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'

import { hashPassword, nobodysHash, verifyPassword } from './password-hash.ts'

/**
 * Each takes 19 MiB and some 40 ms of one of the four threads that files and names are looked up with. So
 * that nobody's sign-ins hold up everybody's requests, few run at once, and few wait.
 */
const AT_ONCE_MAX = 2
const WAITING_MAX = 50
const RETRY_AFTER_MS = 2_000

export interface Passwords {
  /** Throws `overloaded` when too many wait already. */
  hash(password: string): Promise<string>
  /** Takes as long without a hash as with one. Throws `overloaded`. */
  matches(hash: string | null | undefined, password: string): Promise<boolean>
}

export function createPasswords({ random }: { random: Random }): Passwords {
  const inTurn = createTurns()
  return {
    hash: (password) => inTurn(() => hashPassword({ random }, password)),
    async matches(hash, password) {
      const same = await inTurn(() => verifyPassword(hash ?? nobodysHash, password))
      return same && typeof hash === 'string'
    },
  }
}

/** Throws `invalid_value` for a new password that is too short or too long; counted as people count. */
export function checkNewPassword(password: string, param = 'password'): void {
  const characters = [...password.normalize('NFKC')].length
  if (characters < PASSWORD_CHARACTERS_MIN || password.length > PASSWORD_CHARACTERS_MAX) {
    const bounds = `${PASSWORD_CHARACTERS_MIN} to ${PASSWORD_CHARACTERS_MAX}`
    throw new AppError('invalid_value', `A password has ${bounds} characters.`, { param })
  }
}

function createTurns() {
  const waiting: (() => void)[] = []
  let running = 0
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (running >= AT_ONCE_MAX) {
      if (waiting.length >= WAITING_MAX) {
        const message = 'Too many people sign in at once.'
        throw new AppError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS })
      }
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      // Who waits takes over the turn.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
