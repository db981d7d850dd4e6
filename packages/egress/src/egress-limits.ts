/** Limits of the one way out. Every number can be set by the operator; these are the defaults. */
export interface EgressLimits {
  /** Sockets to one upstream origin. More requests than this wait in line inside the pool. */
  connectionsPerOriginMax: number
  /** Upstream origins that have a pool of their own. */
  originsMax: number
  /** DNS, TCP and TLS together. */
  connectTimeoutMs: number
  /** Silence inside an answer's body after which it counts as dead. */
  bodyIdleMsMax: number
  /** How long an idle socket is kept when the upstream does not say. */
  keepAliveMs: number
  /** The longest that an upstream may ask us to keep an idle socket. */
  keepAliveMsMax: number
  headerBytesMax: number
}

export const egressLimits: EgressLimits = {
  connectionsPerOriginMax: 1_024,
  originsMax: 1_000,
  connectTimeoutMs: 10_000,
  // A model may think for minutes between two bytes; the request's deadline is what ends it.
  bodyIdleMsMax: 900_000,
  // Below the idle limits of common front proxies (60 s), so that we close first and never race a reset.
  keepAliveMs: 30_000,
  keepAliveMsMax: 300_000,
  headerBytesMax: 32 * 1024,
}
