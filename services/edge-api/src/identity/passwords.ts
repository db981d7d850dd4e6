import { availableParallelism } from 'node:os'

import {
  PASSWORD_CHARACTERS_MAX,
  PASSWORD_CHARACTERS_MIN,
} from '@sluice/contracts/control/password-length'
import { AppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'

import type { QueueClass } from '../fair-queue.ts'
import { createFairQueue } from '../fair-queue.ts'
import { hashPassword, dummyHash, verifyPassword } from './password-hash.ts'
import type { Weakness } from './password-strength.ts'
import { passwordWeakness } from './password-strength.ts'

/**
 * Each hash takes 19 MiB and about 40 ms on one of the four libuv threads, which also serve files and DNS.
 * The limit of concurrent hashes leaves one core free.
 */
const RUNNING_MAX = Math.max(1, Math.min(2, availableParallelism() - 1))
const WAITING_MAX = 1_000
const GROUP_WAITING_MAX = 16
const RETRY_AFTER_MS = 2_000

/** The queue group and priority of a hash. The group is an address, or a known device's e-mail. */
export interface HashPriority {
  group: string
  class?: QueueClass
}

export interface Passwords {
  /** Throws `too_many_attempts` when too many of this group are waiting. */
  hash(password: string, priority: HashPriority): Promise<string>
  /** Takes the same time with and without a hash. Throws `too_many_attempts`. */
  matches(
    hash: string | null | undefined,
    password: string,
    priority: HashPriority,
  ): Promise<boolean>
}

export function createPasswords({ random }: { random: Random }): Passwords {
  const queue = createFairQueue({
    runningMax: RUNNING_MAX,
    waitingMax: WAITING_MAX,
    groupWaitingMax: GROUP_WAITING_MAX,
  })
  return {
    hash: (password, priority) =>
      queue.run({ ...priority, refuse }, () => hashPassword({ random }, password)),
    async matches(hash, password, priority) {
      const verify = () => verifyPassword(hash ?? dummyHash, password)
      const same = await queue.run({ ...priority, refuse }, verify)
      return same && typeof hash === 'string'
    },
  }
}

const refuse = () =>
  new AppError('too_many_attempts', 'Too many attempts at once. Try again in a moment.', {
    retryAfterMs: RETRY_AFTER_MS,
  })

export interface NewPassword {
  password: string
  /** The parameter to name in the error. */
  param?: string
  /** What an attacker may know beside it. */
  email?: string
}

/**
 * Throws `invalid_value` for a new password that is too short or too long, counted in Unicode characters, and
 * `weak_password` for one that is easy to guess.
 */
export async function checkNewPassword({
  password,
  param = 'password',
  email,
}: NewPassword): Promise<void> {
  const characters = [...password.normalize('NFKC')].length
  if (characters < PASSWORD_CHARACTERS_MIN || password.length > PASSWORD_CHARACTERS_MAX) {
    const bounds = `${PASSWORD_CHARACTERS_MIN} to ${PASSWORD_CHARACTERS_MAX}`
    throw new AppError('invalid_value', `A password has ${bounds} characters.`, { param })
  }
  const weakness = await passwordWeakness(password, email === undefined ? [] : partsOf(email))
  if (weakness === undefined) return
  const message = `This password is easy to guess: ${reasons[weakness]}. Choose another one.`
  throw new AppError('weak_password', message, { param, details: { reason: weakness } })
}

const partsOf = (email: string) => [email, ...email.split('@')]

const reasons: Readonly<Record<Weakness, string>> = {
  common: 'it is, or is like, one of the most common passwords',
  repeated: 'it repeats the same characters',
  sequence: 'it is a sequence of adjacent characters or keys',
  personal: 'it is made of the e-mail address',
  guessable: 'it is made of few, predictable parts',
}
