import { once } from 'node:events'
import { createServer } from 'node:net'

/** A loopback port that is free now. Another process may take it first, so callers have to retry. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port was found')
  return address.port
}
