import type { EventEmitter } from 'node:events'

/** What a client did to find its server again. */
export interface Reconnects {
  /** Milliseconds that the client said it would wait before each of its tries. */
  delaysMs: number[]
  /** How many of its tries failed after the server was back. */
  failedSince: number
}

/**
 * Kills a server under a client of ioredis, lets the client try a few times, starts the server again at the
 * same port, and follows the client until it is ready.
 */
export async function followReconnects({
  client,
  server,
  triesMin,
}: {
  client: EventEmitter
  server: { kill(): Promise<void>; start(): Promise<void> }
  /** So many tries must have failed before the server starts again. */
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

// Unlike `once` of Node, it does not end with an error of the client, of which there is one a try.
const next = (client: EventEmitter, event: string) =>
  new Promise((resolve) => client.once(event, resolve))
