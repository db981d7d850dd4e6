import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'

import type { EgressLimits } from './egress-limits.ts'
import type { FetchFailure } from './fetch-hop.ts'
import { fetchHop } from './fetch-hop.ts'
import type { GuardRules, RefusalReason, UrlVerdict } from './guard-url.ts'
import { guardRedirect, guardUrl, hostOf, refusals } from './guard-url.ts'
import type { Lookup } from './resolve-host.ts'
import { resolveHost } from './resolve-host.ts'

export interface GuardedInput {
  /** As it was named by a caller or an upstream. */
  url: string
  bytesMax: number
  /** For everything together: names, connections, redirects, body. */
  timeoutMs: number
  /** Media types that are taken, lower-case and without parameters; `any` where the bytes decide. */
  acceptTypes: readonly string[] | 'any'
  /** `host:port` pairs that the operator means, private or not, beside those of this egress. */
  hostsTrusted?: readonly string[]
  signal?: AbortSignal
}

/** `message` names no address and is fit for whoever named the URL. */
export type GuardedAnswer =
  | { outcome: 'fetched'; bytes: Uint8Array; contentType: string; url: string }
  | { outcome: 'refused'; reason: RefusalReason; message: string }
  | { outcome: 'failed'; reason: FetchFailure; status: number | undefined; message: string }

/** Fetches a URL that somebody else named. Rejects only with the signal's reason. */
export type FetchGuarded = (input: GuardedInput) => Promise<GuardedAnswer>

export interface GuardedFetchDeps {
  lookup: Lookup
  clock: Clock
  rules: GuardRules
  /** Hosts that are reached although they are metadata services. */
  metadataHostsAllowed: readonly string[]
  limits: EgressLimits
}

const REDIRECTS_MAX = 3

/** The guarded GET: each hop is judged, resolved once, checked, and connected to the checked address. */
export function createGuardedFetch(deps: GuardedFetchDeps): FetchGuarded {
  return async function fetchGuarded(input) {
    input.signal?.throwIfAborted()
    const deadline = startDeadline(deps.clock, input.timeoutMs, input.signal)
    try {
      return await followHops(deps, { ...input, signal: deadline.signal })
    } catch {
      // Which socket error it was tells whoever named the URL about our network: all are one.
      input.signal?.throwIfAborted()
      return failed(deadline.signal.aborted ? 'timeout' : 'network')
    } finally {
      deadline.clear()
    }
  }
}

async function followHops(
  { lookup, rules: own, metadataHostsAllowed, limits }: GuardedFetchDeps,
  input: GuardedInput & { signal: AbortSignal },
): Promise<GuardedAnswer> {
  const { bytesMax, acceptTypes, hostsTrusted = [], signal } = input
  const privateHostsAllowed = [...own.privateHostsAllowed, ...hostsTrusted]
  const rules = hostsTrusted.length === 0 ? own : { ...own, privateHostsAllowed }
  let verdict: UrlVerdict = guardUrl(input.url, rules)
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    if (!verdict.allowed) return refused(verdict.reason)
    const { url, trusted } = verdict
    const resolving = { lookup, metadataHostsAllowed }
    const checked = await orAbort(resolveHost(resolving, { host: hostOf(url), trusted }), signal)
    if (!checked.allowed) return refused(checked.reason)
    const { addresses } = checked
    const answer = await fetchHop({ limits }, { url, addresses, bytesMax, acceptTypes, signal })
    if (answer.kind === 'failed') return failed(answer.reason, answer.status)
    if (answer.kind === 'bytes') {
      return {
        outcome: 'fetched',
        bytes: answer.bytes,
        contentType: answer.contentType,
        url: url.href,
      }
    }
    verdict = guardRedirect(url, answer.location, rules)
  }
  return refused(verdict.allowed ? 'redirects' : verdict.reason)
}

// A resolver cannot be interrupted; we stop waiting for it.
function orAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

const failures: Record<FetchFailure, string> = {
  timeout: 'the URL did not answer in time',
  network: 'the URL could not be reached',
  status: 'the URL answered with an error status',
  'too-large': 'what the URL holds is over the size limit',
  'content-type': 'what the URL holds is not of an accepted type',
  encoded: 'the URL answered with a content encoding that cannot be read',
}

function failed(reason: FetchFailure, status?: number): GuardedAnswer {
  return { outcome: 'failed', reason, status, message: failures[reason] }
}

function refused(reason: RefusalReason): GuardedAnswer {
  return { outcome: 'refused', reason, message: refusals[reason] }
}
