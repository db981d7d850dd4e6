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

/** The part of a logger that egress uses; implemented by pino. */
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
  /** Metadata or link-local hosts that may be called nevertheless (`METADATA_HOSTS_ALLOWED`). */
  metadataHostsAllowed?: readonly string[]
  lookup?: Lookup
}

/** All outgoing HTTP requests to upstreams and to URLs of callers use this. */
export interface Egress {
  /**
   * For upstreams that an operator configured: their base URLs are trusted and may be private.
   * Pooled per origin, HTTP/1.1, one request at a time on a socket, certificates always verified.
   * Never connects to a metadata service, whatever host name resolves to it.
   * Has no timeout for response headers: each request's signal has the deadline.
   */
  dispatcher: Dispatcher
  /** For URLs from a caller or an upstream. */
  fetchGuarded: FetchGuarded
  /** Waits for running requests, then closes the sockets. */
  close(): Promise<void>
}

/** Creates the egress; opens no socket until it is used. */
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
    // The raw relay copies HTTP/1.1 bytes, and a slow response must not delay another one.
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

// Only the host is logged: the rest of a URL may contain a signature.
function withLog(fetchGuarded: FetchGuarded, log: EgressLog): FetchGuarded {
  return async function fetchGuardedWithLog(input) {
    const result = await fetchGuarded(input)
    if (result.outcome === 'fetched') return result
    const host = URL.canParse(input.url) ? hostOf(new URL(input.url)) : null
    log.warn({ host, outcome: result.outcome, reason: result.reason }, 'url not fetched')
    return result
  }
}
