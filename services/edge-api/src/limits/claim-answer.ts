import { createHash, webcrypto } from 'node:crypto'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { StreamLimit } from '../http/stream-limit.ts'
import { createStreamLimit } from '../http/stream-limit.ts'
import type { AnswerName, AnswerStore, StoredAnswer } from '../store/answer-store.ts'

const RETAINED_MS = 86_400_000
const LEASE_MS = 60_000
/** How long a repeat waits for the first request before it is answered with `request_in_progress`. */
const WAIT_MS = 25_000
const HASHED_HERE_BYTES_MAX = 256 * 1024
const WAITS_PER_KEY_MAX = 64
const WAITS_MAX = 1_000
const POLL_MS_MIN = 100
const POLL_MS_MAX = 1_000

/** The right to run a request with an Idempotency-Key, or its stored response. */
export type Claimed =
  | { outcome: 'run'; name: AnswerName }
  | { outcome: 'replay'; answer: StoredAnswer }

export interface ClaimDeps {
  answerStore: AnswerStore
  clock: Clock
}

/**
 * Per edge: each waiting request polls the database about once a second, and holds its connection and body.
 */
export const createAnswerWaits = (): StreamLimit =>
  createStreamLimit({
    eachMax: WAITS_PER_KEY_MAX,
    allMax: WAITS_MAX,
    what: 'requests waiting for the answer of an Idempotency-Key',
  })

export interface ClaimInput {
  apiKeyId: string
  route: string
  key: string
  body: Uint8Array
  /**
   * The request that claims the key. A claim whose result was lost, or that could not be released, is not
   * renewed and expires with its lease.
   */
  holder: string
  signal: AbortSignal
}

/**
 * Claims the key, or waits for the response of the request that holds it. Throws `idempotency_conflict` for
 * another body under the same key, `request_in_progress` when the first request takes longer than WAIT_MS,
 * `rate_limit_exceeded` or `overloaded` when too many requests wait already.
 */
export async function claimAnswer(
  deps: ClaimDeps & { waits: StreamLimit },
  input: ClaimInput,
): Promise<Claimed> {
  let leave: (() => void) | undefined
  const wait = () => {
    leave ??= deps.waits.enter(input.apiKeyId)
  }
  try {
    return await claimOrWait(deps, input, wait)
  } finally {
    leave?.()
  }
}

/** `wait` is called before each wait. */
async function claimOrWait(deps: ClaimDeps, input: ClaimInput, wait: () => void): Promise<Claimed> {
  const { answerStore, clock } = deps
  const { apiKeyId, route, key, holder, signal } = input
  const name = { apiKeyId, route, key }
  const bodyHash = await hashOf(input.body)
  const untilMs = clock.monotonicMs() + WAIT_MS
  for (let pollMs = POLL_MS_MIN; ; pollMs = Math.min(pollMs * 2, POLL_MS_MAX)) {
    const now = clock.now()
    const leaseUntil = new Date(now.getTime() + LEASE_MS)
    const expiresAt = new Date(now.getTime() + RETAINED_MS)
    const claim = { ...name, bodyHash, holder, now, leaseUntil, expiresAt }
    const result = await answerStore.claim(claim)
    if (result.outcome === 'claimed') return { outcome: 'run', name }
    if (result.outcome === 'answered') return { outcome: 'replay', answer: readable(result.answer) }
    if (result.outcome === 'conflict') throw conflict()
    if (clock.monotonicMs() + pollMs > untilMs) throw stillRunning()
    wait()
    await clock.sleep(pollMs, signal)
  }
}

/** SHA-256 in hex. Large bodies are hashed in the thread pool, since that takes tens of milliseconds. */
async function hashOf(body: Uint8Array): Promise<string> {
  if (body.length <= HASHED_HERE_BYTES_MAX) return createHash('sha256').update(body).digest('hex')
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', asUnshared(body))).toString('hex')
}

// Bytes from a socket are never in shared memory.
const asUnshared = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>

/** Renews the claims of running requests; called more often than leases expire. */
export async function renewClaims(
  { answerStore, clock }: ClaimDeps,
  { holders }: { holders: Iterable<string> },
): Promise<void> {
  const leaseUntil = new Date(clock.nowMs() + LEASE_MS)
  await answerStore.renew({ holders: [...holders], leaseUntil })
}

function readable(answer: StoredAnswer): StoredAnswer {
  if (answer.body !== null) return answer
  const message = 'This request was answered before, but its response was too large to be stored.'
  throw new AppError('idempotency_conflict', message)
}

function conflict(): AppError {
  const message = 'This Idempotency-Key was used with another body.'
  return new AppError('idempotency_conflict', message, { param: 'Idempotency-Key' })
}

function stillRunning(): AppError {
  const message = 'The request with this Idempotency-Key is still running; retry for its response.'
  return new AppError('request_in_progress', message, { retryAfterMs: 2_000 })
}
