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
  /** As the caller or the upstream sent it. */
  url: string
  bytesMax: number
  /** For the whole fetch: name resolution, connections, redirects, body. */
  timeoutMs: number
  /** Accepted media types, lower-case and without parameters; `any` where the bytes are checked instead. */
  acceptTypes: readonly string[] | 'any'
  /** Additional `host:port` pairs that the operator allows although they are private. */
  hostsTrusted?: readonly string[]
  signal?: AbortSignal
}

/** `message` contains no address and may be returned to the caller or upstream that sent the URL. */
export type GuardedResult =
  | { outcome: 'fetched'; bytes: Uint8Array; contentType: string; url: string }
  | { outcome: 'refused'; reason: RefusalReason; message: string }
  | { outcome: 'failed'; reason: FetchFailure; status: number | undefined; message: string }

/** Fetches a URL from a caller or an upstream. Rejects only with the signal's reason. */
export type FetchGuarded = (input: GuardedInput) => Promise<GuardedResult>

export interface GuardedFetchDeps {
  lookup: Lookup
  clock: Clock
  rules: GuardRules
  /** Hosts that may be fetched from although they are metadata services. */
  metadataHostsAllowed: readonly string[]
  limits: EgressLimits
}

const REDIRECTS_MAX = 3

/** GET with SSRF protection: each hop's URL is validated, resolved once, and sent to a checked address. */
export function createGuardedFetch(deps: GuardedFetchDeps): FetchGuarded {
  return async function fetchGuarded(input) {
    input.signal?.throwIfAborted()
    const deadline = startDeadline(deps.clock, input.timeoutMs, input.signal)
    try {
      return await followHops(deps, { ...input, signal: deadline.signal })
    } catch {
      // One error for all socket errors: a specific one would reveal details of the internal network.
      input.signal?.throwIfAborted()
      return failed(deadline.signal.aborted ? 'timeout' : 'network')
    } finally {
      deadline.clear()
    }
  }
}

async function followHops(
  { lookup, rules: base, metadataHostsAllowed, limits }: GuardedFetchDeps,
  input: GuardedInput & { signal: AbortSignal },
): Promise<GuardedResult> {
  const { bytesMax, acceptTypes, hostsTrusted = [], signal } = input
  const privateHostsAllowed = [...base.privateHostsAllowed, ...hostsTrusted]
  const rules = hostsTrusted.length === 0 ? base : { ...base, privateHostsAllowed }
  let verdict: UrlVerdict = guardUrl(input.url, rules)
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    if (!verdict.allowed) return refused(verdict.reason)
    const { url, trusted } = verdict
    const resolving = { lookup, metadataHostsAllowed }
    const checked = await orAbort(resolveHost(resolving, { host: hostOf(url), trusted }), signal)
    if (!checked.allowed) return refused(checked.reason)
    const { addresses } = checked
    const hopResult = await fetchHop({ limits }, { url, addresses, bytesMax, acceptTypes, signal })
    if (hopResult.kind === 'failed') return failed(hopResult.reason, hopResult.status)
    if (hopResult.kind === 'bytes') {
      return {
        outcome: 'fetched',
        bytes: hopResult.bytes,
        contentType: hopResult.contentType,
        url: url.href,
      }
    }
    verdict = guardRedirect(url, hopResult.location, rules)
  }
  return refused(verdict.allowed ? 'redirects' : verdict.reason)
}

// A name resolution cannot be aborted; only the wait for it ends.
function orAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

const failures: Record<FetchFailure, string> = {
  timeout: 'the server of the URL did not respond in time',
  network: 'the URL could not be reached',
  status: 'the server of the URL responded with an error status',
  'too-large': 'the content of the URL exceeds the size limit',
  'content-type': 'the content of the URL is not of an accepted type',
  encoded: 'the content encoding of the response cannot be decoded',
}

function failed(reason: FetchFailure, status?: number): GuardedResult {
  return { outcome: 'failed', reason, status, message: failures[reason] }
}

function refused(reason: RefusalReason): GuardedResult {
  return { outcome: 'refused', reason, message: refusals[reason] }
}
