import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { findEmbeddedBinaries } from '@sluice/db/embedded/find-binaries'
import { startTestNats, startTestPostgres, startTestRedis } from '@sluice/testkit/servers'

/**
 * Starts PostgreSQL, Redis and NATS for a measurement; the e2e wirings read their URLs from the environment.
 */
export async function startServers(): Promise<{ folder: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const redis = await startTestRedis({
    folder: join(folder, 'redis'),
    command: find('redis-server'),
  })
  const nats = await startTestNats({ folder: join(folder, 'nats'), command: find('nats-server') })
  const postgres = await startTestPostgres({
    folder: join(folder, 'postgres'),
    binaries: await findEmbeddedBinaries(),
  })
  process.env['TEST_REDIS_URL'] = redis.url
  process.env['TEST_NATS_URL'] = nats.url
  process.env['TEST_POSTGRES_URL'] = postgres.url
  return {
    folder,
    stop: async () => {
      await Promise.all([redis.stop(), nats.stop(), postgres.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The path of a server program, on the PATH or in Debian's sbin folders. */
export function find(program: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
  if (!found) throw new Error(`${program} is not installed; bench/README.md lists the requirements`)
  return found
}
