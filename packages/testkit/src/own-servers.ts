import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { findEmbeddedBinaries } from '@sluice/db/embedded/find-binaries'

import { findProgram } from './find-program.ts'
import type { KillableServer, RestartableServer } from './servers.ts'
import { startTestNats, startTestPostgres, startTestRedis } from './servers.ts'

const programs = { redis: 'redis-server', nats: 'nats-server' } as const

/** Servers of one suite alone, to be frozen, killed and emptied without harm to other suites. */
export interface OwnServers {
  postgres: KillableServer
  redis: RestartableServer
  nats: RestartableServer
  stop(): Promise<void>
}

/** Starts PostgreSQL, Redis and NATS in a folder that is thrown away. */
export async function startOwnServers(): Promise<OwnServers> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-servers-'))
  await chmod(folder, 0o755) // PostgreSQL runs as another user where we are root
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

/** A Redis of one suite alone. */
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

/** A PostgreSQL of one suite alone. */
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
  if (path === undefined) throw new Error(`There is no ${programs[kind]} on this machine.`)
  return path
}
