/** Limits of outgoing connections. */
export interface EgressLimits {
  /** Sockets to one upstream origin. Further requests are queued in the pool. */
  connectionsPerOriginMax: number
  /** The number of upstream origins with a connection pool. */
  originsMax: number
  /** DNS, TCP and TLS together. */
  connectTimeoutMs: number
  /** The longest pause between two chunks of a response body before the response fails. */
  bodyIdleMsMax: number
  /** Keep-alive time of an idle socket when the upstream sends none. */
  keepAliveMs: number
  /** The maximum keep-alive time that is accepted from an upstream. */
  keepAliveMsMax: number
  headerBytesMax: number
}

export const egressLimits: EgressLimits = {
  connectionsPerOriginMax: 1_024,
  originsMax: 1_000,
  connectTimeoutMs: 10_000,
  // A model may pause for minutes between two bytes; the request's deadline limits it.
  bodyIdleMsMax: 900_000,
  // Below the idle limits of common reverse proxies (60 s), so that this side closes first.
  keepAliveMs: 30_000,
  keepAliveMsMax: 300_000,
  headerBytesMax: 32 * 1024,
}
