import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'

import type { buildConnector, Dispatcher } from 'undici'
import { Agent } from 'undici'

import type { EgressLimits } from './egress-limits.ts'
import { egressLimits } from './egress-limits.ts'
import { guardedConnect } from './guarded-connect.ts'
import { hostOf } from './guard-url.ts'
import type { FetchGuarded } from './guarded-fetch.ts'
import { createGuardedFetch } from './guarded-fetch.ts'
import type { Lookup } from './resolve-host.ts'
import { systemLookup } from './resolve-host.ts'

/** The log as far as egress needs it; a pino logger is one. */
export interface EgressLog {
  warn(facts: Record<string, unknown>, message: string): void
}

export interface EgressOptions {
  limits?: Partial<EgressLimits>
  log?: EgressLog
  clock?: Clock
  /** Ports that guarded fetches may use besides 80 and 443. */
  portsAllowed?: readonly number[]
  /** `host:port` pairs of the operator's own network that guarded fetches may reach. */
  allowPrivate?: readonly string[]
  /** Hosts that may be called although they are metadata or link-local addresses (`METADATA_HOSTS_ALLOWED`). */
  metadataHostsAllowed?: readonly string[]
  lookup?: Lookup
}

/** The one way out of the house. */
export interface Egress {
  /**
   * For upstreams that an operator configured: their base URLs are trusted and may be private.
   * Pooled per origin, HTTP/1.1, one request at a time on a socket, certificates always verified.
   * Metadata services are not connected to, whatever name leads there.
   * It does not time out an answer's headers: deadlines come with each request's signal.
   */
  dispatcher: Dispatcher
  /** For URLs that a caller or an upstream named. */
  fetchGuarded: FetchGuarded
  /** Lets running requests end, then closes the sockets. */
  close(): Promise<void>
}

/** Makes the way out; opens no socket until it is used. */
export function createEgress({
  limits: chosen = {},
  log,
  clock = systemClock,
  portsAllowed = [],
  allowPrivate = [],
  metadataHostsAllowed = [],
  lookup = systemLookup,
}: EgressOptions = {}): Egress {
  const limits = { ...egressLimits, ...chosen }
  const dispatcher = createDispatcher(
    limits,
    guardedConnect({ lookup, limits, metadataHostsAllowed }),
  )
  const rules = { portsAllowed: [80, 443, ...portsAllowed], privateHostsAllowed: allowPrivate }
  const fetchGuarded = createGuardedFetch({ lookup, clock, rules, metadataHostsAllowed, limits })
  return {
    dispatcher,
    fetchGuarded: log === undefined ? fetchGuarded : withLog(fetchGuarded, log),
    close: () => dispatcher.close(),
  }
}

function createDispatcher(limits: EgressLimits, connect: buildConnector.connector): Dispatcher {
  return new Agent({
    connections: limits.connectionsPerOriginMax,
    maxOrigins: limits.originsMax,
    // A raw relay copies HTTP/1.1 bytes, and one slow answer must not stand before another.
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: limits.bodyIdleMsMax,
    keepAliveTimeout: limits.keepAliveMs,
    keepAliveMaxTimeout: limits.keepAliveMsMax,
    maxHeaderSize: limits.headerBytesMax,
    connect,
  })
}

// Only the host is logged: the rest of a URL may hold a signature.
function withLog(fetchGuarded: FetchGuarded, log: EgressLog): FetchGuarded {
  return async function fetchGuardedWithLog(input) {
    const answer = await fetchGuarded(input)
    if (answer.outcome === 'fetched') return answer
    const host = URL.canParse(input.url) ? hostOf(new URL(input.url)) : null
    log.warn({ host, outcome: answer.outcome, reason: answer.reason }, 'url not fetched')
    return answer
  }
}
