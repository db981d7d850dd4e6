/**
 * Authentication: maps an API key to its principal.
 *
 * Hot path: recent decisions are cached by a fast hash, so that no plaintext key stays in memory.
 * Consistency: `api-key-changed` invalidates decisions at once; if the event is lost, the revision of the
 * keys does within a second (`watch-revisions.ts`). A decision is refreshed in the background after
 * DECISION_MS. While PostgreSQL is unavailable, cached decisions are used until STALE_MS; other keys get
 * `unavailable`.
 */
import { hash } from 'node:crypto'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import { singleFlight } from '@sluice/kernel/single-flight'
import { LRUCache } from 'lru-cache'

import { createFairQueue } from '../fair-queue.ts'
import type { KeyHash } from './key-hash.ts'
import type { Principal } from '../http/request.ts'
import type { KeyStore, StoredKey } from '../store/key-store.ts'
import type { GuessLimit } from './guess-limit.ts'
import { addressList } from './networks.ts'

const KEYS_MAX = 20_000
const UNKNOWN_MAX = 20_000
const UNKNOWN_MS = 10_000
const DECISION_MS = 30_000
const STALE_MS = 300_000

/**
 * Uncached keys are looked up round robin by address, so that tooManyGuesses delays only the tooManyGuesses
 * address.
 */
const LOOKUPS = { runningMax: 8, waitingMax: 4_096, groupWaitingMax: 512 }

const REFRESH_RETRY_MS = 1_000
const READS_MAX = 5
const LOOKUP_RETRY_MS = 1_000

interface Decision {
  principal: Principal
  decidedAtMs: number
  /** When it is refreshed in the background. */
  refreshAtMs: number
  expiresAtMs: number
}

export interface Authenticator {
  /** The cached principal of a key; undefined means: call `lookUp`. */
  find(apiKey: string): Principal | undefined
  /** Throws `invalid_api_key`, `rate_limit_exceeded` after too many wrong keys, `unavailable`. */
  lookUp(apiKey: string, address: string): Promise<Principal>
  /** Invalidates the decisions about changed keys. */
  invalidate(apiKeyIds: readonly string[]): void
  /** Invalidates all decisions. */
  invalidateAll(): void
}

export interface AuthenticateDeps {
  keyStore: Pick<KeyStore, 'findByHash'>
  keyHash: KeyHash
  guesses: GuessLimit
  clock: Clock
  log: Log
}

export function createAuthenticator(deps: AuthenticateDeps): Authenticator {
  const { clock, guesses } = deps
  // The name of each key in the cache, so that a change finds it without reading the others.
  const names = new Map<string, string>()
  const decisions = new LRUCache<string, Decision>({
    max: KEYS_MAX,
    noDisposeOnSet: true,
    dispose: ({ principal: { apiKeyId } }, name) => {
      if (names.get(apiKeyId) === name) names.delete(apiKeyId)
    },
    onInsert: ({ principal }, name) => void names.set(principal.apiKeyId, name),
  })
  const unknown = new LRUCache<string, number>({ max: UNKNOWN_MAX })
  const reads = singleFlight<Decision | undefined>()
  const lookUps = createFairQueue(LOOKUPS)
  let changes = 0

  const read = async (name: string, apiKey: string) => {
    // A key that changed during the read may have been read in its old state.
    for (let round = 1; ; round += 1) {
      const before = changes
      const decision = decide(await deps.keyStore.findByHash(deps.keyHash(apiKey)), clock.nowMs())
      if (changes !== before && round < READS_MAX) continue
      if (decision) decisions.set(name, decision)
      else decisions.delete(name)
      return decision
    }
  }

  const refresh = async (name: string, apiKey: string, decision: Decision, nowMs: number) => {
    decision.refreshAtMs = nowMs + REFRESH_RETRY_MS
    try {
      await reads.run(name, () => read(name, apiKey))
    } catch (err) {
      deps.log.warn({ err, apiKeyId: decision.principal.apiKeyId }, 'an API key was not refreshed')
    }
  }

  return {
    find(apiKey) {
      const name = fastHash(apiKey)
      const decision = decisions.get(name)
      if (decision === undefined) return undefined
      const nowMs = clock.nowMs()
      if (nowMs >= decision.expiresAtMs || nowMs - decision.decidedAtMs > STALE_MS) return undefined
      if (nowMs >= decision.refreshAtMs) void refresh(name, apiKey, decision, nowMs)
      return decision.principal
    },
    async lookUp(apiKey, address) {
      const name = fastHash(apiKey)
      const nowMs = clock.nowMs()
      const knownWrongUntilMs = unknown.get(name) ?? 0
      if (nowMs < knownWrongUntilMs) throw invalidKeyError()
      const refuse = () => tooManyGuesses(Math.max(LOOKUP_RETRY_MS, guesses.waitMs(address, nowMs)))
      const decision = await reads.run(name, () =>
        lookUps.run({ group: address, refuse }, () => read(name, apiKey)),
      )
      if (decision && clock.nowMs() < decision.expiresAtMs) return decision.principal
      unknown.set(name, clock.nowMs() + UNKNOWN_MS)
      // Checked after the lookup: the guess limit never applies to a valid key.
      const waitMs = guesses.waitMs(address, nowMs)
      if (waitMs > 0) throw tooManyGuesses(waitMs)
      guesses.count(address, nowMs)
      throw invalidKeyError()
    },
    invalidate(apiKeyIds) {
      changes += 1
      unknown.clear()
      for (const apiKeyId of apiKeyIds) {
        const name = names.get(apiKeyId)
        if (name !== undefined) decisions.delete(name)
      }
    },
    invalidateAll() {
      changes += 1
      unknown.clear()
      decisions.clear()
    },
  }
}

const fastHash = (apiKey: string): string => hash('sha256', apiKey, 'base64')

function decide(key: StoredKey | undefined, nowMs: number): Decision | undefined {
  if (!key || key.revokedAt || key.ownerBannedAt) return undefined
  const principal: Principal = Object.freeze({
    apiKeyId: key.id,
    wallet: key.wallet,
    rpmLimit: key.rpmLimit,
    models: key.models === null ? null : new Set(key.models),
    networks: key.networks === null ? null : addressList(key.networks),
    dailyQuotaMicro: key.dailyQuotaMicro,
  })
  const expiresAtMs = key.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY
  return { principal, decidedAtMs: nowMs, refreshAtMs: nowMs + DECISION_MS, expiresAtMs }
}

/** The error for a missing or invalid key. It does not disclose why the key is invalid. */
export function invalidKeyError(): AppError {
  return new AppError('invalid_api_key', 'The API key is missing, unknown, revoked or expired.')
}

function tooManyGuesses(waitMs: number): AppError {
  const message = 'Too many unknown API keys from this address.'
  return new AppError('rate_limit_exceeded', message, { retryAfterMs: waitMs })
}
