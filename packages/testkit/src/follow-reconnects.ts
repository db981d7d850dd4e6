import type { EventEmitter } from 'node:events'

/** The reconnection attempts of a client. */
export interface Reconnects {
  /** The delay before each attempt, as reported by the client. */
  delaysMs: number[]
  /** Attempts that failed after the server was available again. */
  failedSince: number
}

/**
 * Kills the server of an ioredis client, waits for a few failed attempts, restarts the server on the
 * same port, and waits until the client is ready.
 */
export async function followReconnects({
  client,
  server,
  triesMin,
}: {
  client: EventEmitter
  server: { kill(): Promise<void>; start(): Promise<void> }
  /** The number of failed attempts before the server is restarted. */
  triesMin: number
}): Promise<Reconnects> {
  const delaysMs: number[] = []
  let failures = 0
  client.on('reconnecting', (delayMs: number) => delaysMs.push(delayMs))
  client.on('close', () => (failures += 1))
  await server.kill()
  for (let tries = 0; tries < triesMin; tries += 1) await next(client, 'close')
  const ready = next(client, 'ready')
  await server.start()
  const failedBefore = failures
  await ready
  return { delaysMs, failedSince: failures - failedBefore }
}

// Unlike Node's `once`, it does not reject on `error`, which the client emits for each failed attempt.
const next = (client: EventEmitter, event: string) =>
  new Promise((resolve) => client.once(event, resolve))
