import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { findEmbeddedBinaries } from '@sluice/db/embedded/find-binaries'

import { findProgram } from './find-program.ts'
import type { KillableServer, RestartableServer } from './servers.ts'
import { startTestNats, startTestPostgres, startTestRedis } from './servers.ts'

const programs = { redis: 'redis-server', nats: 'nats-server' } as const

/** Servers for one suite, which can freeze, kill and empty them without affecting other suites. */
export interface OwnServers {
  postgres: KillableServer
  redis: RestartableServer
  nats: RestartableServer
  stop(): Promise<void>
}

/** Starts PostgreSQL, Redis and NATS in a temporary folder. */
export async function startOwnServers(): Promise<OwnServers> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-servers-'))
  await chmod(folder, 0o755) // As root, PostgreSQL is run as another user.
  const binaries = await findEmbeddedBinaries()
  const postgres = await startTestPostgres({
    folder: join(folder, 'postgres'),
    binaries,
    survivesKill: true,
  })
  const redis = await startTestRedis({ folder: join(folder, 'redis'), command: command('redis') })
  const nats = await startTestNats({ folder: join(folder, 'nats'), command: command('nats') })
  return {
    postgres,
    redis,
    nats,
    stop: async () => {
      for (const server of [nats, redis, postgres]) {
        await server.resume()
        await server.stop()
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Starts a Redis for one suite. */
export async function startOwnRedis(): Promise<RestartableServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
  const server = await startTestRedis({ folder: join(folder, 'redis'), command: command('redis') })
  return {
    ...server,
    stop: async () => {
      await server.resume()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Starts a PostgreSQL for one suite. */
export async function startOwnPostgres(): Promise<KillableServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-postgres-'))
  await chmod(folder, 0o755)
  const binaries = await findEmbeddedBinaries()
  const server = await startTestPostgres({ folder: join(folder, 'postgres'), binaries })
  return {
    ...server,
    stop: async () => {
      await server.resume()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function command(kind: keyof typeof programs): string {
  const path = findProgram(programs[kind])
  if (path === undefined) throw new Error(`${programs[kind]} is not installed.`)
  return path
}
