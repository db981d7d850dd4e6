/** How services connect to Redis. Redis is found again within half a second, so nothing waits longer for its next try. */
const RECONNECT_STEP_MS = 50
const RECONNECT_MS_MAX = 400
const CONNECT_WITHIN_MS = 1_000

/** Milliseconds before the next try, after so many that failed (from 1). */
export const reconnectDelayMs = (attempts: number): number =>
  Math.min(RECONNECT_STEP_MS * attempts, RECONNECT_MS_MAX)

/**
 * Options of ioredis for stores whose commands must not be sent twice: a take that is repeated would take two
 * places, or count twice. So nothing is sent again or kept for later, and who asks learns at once that Redis is away.
 */
export const redisOptions = ({ commandTimeoutMs }: { commandTimeoutMs: number }) =>
  ({
    lazyConnect: true,
    connectTimeout: CONNECT_WITHIN_MS,
    commandTimeout: commandTimeoutMs,
    retryStrategy: reconnectDelayMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  }) as const
