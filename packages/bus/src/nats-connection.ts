import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import { connect, Events } from 'nats'
import type { ConnectionOptions, NatsConnection } from 'nats'

const DIAL_WITHIN_MS = 2_000
const RECONNECT_MS = 250
/** With two pings unanswered, an unresponsive server is detected within six seconds. */
const PING_MS = 2_000
const RETRY_MS = { first: 200, last: 5_000 }

export interface NatsOptions {
  /** `nats://host:4222`, several separated by commas; user and password, or a token, before the `@`. */
  servers: string
  /** The connection's name in the server's monitoring. */
  name: string
}

export interface NatsLink {
  nc: NatsConnection
  /** False from the detection of a lost connection until it is restored. */
  connected(): boolean
  /** Calls back on each change, until the returned function is called. */
  onChange(listener: (connected: boolean) => void): () => void
}

/**
 * Connects, retrying without a limit: a service may start before its NATS. Rejects with the signal's reason.
 */
export async function linkNats(
  { clock, log, signal }: { clock: Clock; log?: Log | undefined; signal?: AbortSignal | undefined },
  options: NatsOptions,
): Promise<NatsLink> {
  let waitMs = RETRY_MS.first
  for (;;) {
    signal?.throwIfAborted()
    try {
      return watch(await connect(connectionOptions(options)), log)
    } catch (err) {
      log?.warn({ err, waitMs }, 'NATS is unreachable; retrying')
      await clock.sleep(waitMs, signal)
      waitMs = Math.min(waitMs * 2, RETRY_MS.last)
    }
  }
}

function connectionOptions({ servers, name }: NatsOptions): ConnectionOptions {
  const urls = servers.split(',').map((text) => parseServer(text.trim()))
  const [{ user, pass, token, tls } = parseServer('')] = urls
  return {
    servers: urls.map(({ host }) => host),
    name,
    ...(token && { token }),
    ...(user && { user, ...(pass && { pass }) }),
    ...(tls && { tls: {} }),
    timeout: DIAL_WITHIN_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    // Credentials may be rotated during a disconnect; aborting would require a restart.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    // Capturing a stack trace per request costs more than the request.
    noAsyncTraces: true,
  }
}

interface Server {
  host: string
  user?: string
  pass?: string
  token?: string
  tls: boolean
}

function parseServer(text: string): Server {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`)
  if (!url?.hostname)
    throw new AppError('invalid_value', 'NATS servers must be like nats://host:4222')
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  return {
    host: `${url.hostname}:${url.port || 4222}`,
    // A user without a password is a token, as in other NATS clients.
    ...(user && pass ? { user, pass } : user && { token: user }),
    tls: url.protocol === 'tls:',
  }
}

function watch(nc: NatsConnection, log: Log | undefined): NatsLink {
  const listeners = new Set<(connected: boolean) => void>()
  let connected = true
  const change = (now: boolean) => {
    connected = now
    for (const listener of listeners) listener(now)
  }
  const follow = async () => {
    for await (const { type, data } of nc.status()) {
      if (type === Events.Disconnect && connected) {
        log?.warn({ server: data }, 'NATS disconnected')
        change(false)
      }
      if (type === Events.Reconnect) {
        log?.info({ server: data }, 'NATS reconnected')
        change(true)
      }
      if (type === Events.Error) log?.warn({ code: data }, 'NATS reported an error')
    }
    if (connected) change(false)
  }
  void follow()
  return {
    nc,
    connected: () => connected,
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
