/** Services reconnect to Redis within half a second after it is available again. */
const RECONNECT_STEP_MS = 50
const RECONNECT_MS_MAX = 400
const CONNECT_WITHIN_MS = 1_000

/** Milliseconds before the next attempt, after `attempts` failed ones (from 1). */
export const reconnectDelayMs = (attempts: number): number =>
  Math.min(RECONNECT_STEP_MS * attempts, RECONNECT_MS_MAX)

/**
 * Options of ioredis for stores whose commands must not be sent twice: a repeated acquire would take two
 * slots or count twice. So no command is resent or queued, and calls fail at once without Redis.
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
