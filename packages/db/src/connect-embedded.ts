/**
 * PostgreSQL as a child of this process, for embedded mode: the binaries of an npm package, run as
 * an unprivileged user on a folder of our own. The child outlives a killed parent; the next start
 * finds it and goes on with it. One process a folder: a second one is refused.
 */
import { join, resolve } from 'node:path'

import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'
import { Client } from 'pg'

import type { Cluster } from './embedded/cluster.ts'
import { SUPERUSER } from './embedded/cluster.ts'
import { DATABASE, embeddedUrl } from './embedded/embedded-url.ts'
import { findEmbeddedBinaries } from './embedded/find-binaries.ts'
import { lockFolder } from './embedded/lock-folder.ts'
import { ownFolder } from './embedded/own-folder.ts'
import type { Postmaster } from './embedded/postmaster.ts'
import { stopPostmaster, waitForPostmaster } from './embedded/postmaster.ts'
import { prepareCluster } from './embedded/prepare-cluster.ts'
import { startPostmaster } from './embedded/start-postmaster.ts'
import { superviseServer } from './embedded/supervise.ts'

const SETUP_TIMEOUT_MS = 30_000
const STOPPING_WAIT_MS = 60_000

// Durable (fsync and synchronous_commit stay on, by default) and small.
const SETTINGS = {
  max_connections: '60',
  shared_buffers: '64MB',
  huge_pages: 'off',
  // /dev/shm of a container is small; without parallel queries nothing asks for it.
  dynamic_shared_memory_type: 'mmap',
  max_parallel_workers_per_gather: '0',
  max_wal_size: '512MB',
  io_method: 'sync',
  jit: 'off',
  // Rows and statements may hold what callers wrote; the log says what went wrong, not with what.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
}

export interface EmbeddedPostgres {
  /** For `connectPostgres`: the owner of the database, who is no superuser. */
  url: string
  /** Undefined while the server runs; else a sentence for an operator. */
  trouble(): string | undefined
  /** Ends the server and gives the folder free. */
  stop(): Promise<void>
}

/**
 * Starts, or finds, the PostgreSQL of this data folder, and starts it again, on the same port, whenever it
 * ends without being asked to. The first time takes about 2 s.
 */
export async function startEmbeddedPostgres({
  dataDir,
  log,
  port,
  clock = systemClock,
  random = systemRandom,
}: {
  dataDir: string
  /** Takes one sentence for the operator. */
  log: (sentence: string) => void
  /** Any free one unless given. */
  port?: number | undefined
  clock?: Clock
  random?: Random
}): Promise<EmbeddedPostgres> {
  const dataFolder = resolve(dataDir)
  await ownFolder(dataFolder)
  const lock = await lockFolder({ folder: dataFolder, random })
  try {
    const binaries = await findEmbeddedBinaries()
    const folder = join(dataFolder, 'postgres')
    const { cluster, password } = await prepareCluster({ folder, binaries, random, sync: true })
    const running = await startOrFind({ cluster, clock, port, log })
    const url = await ensureDatabase({ port: running.port, password })
    const restart = async () => {
      const again = { cluster, settings: SETTINGS, clock, port: running.port }
      await startPostmaster(again)
    }
    const supervisor = superviseServer({ cluster, clock, restart, log })
    const stop = async () => {
      await supervisor.stop()
      await stopPostmaster({ cluster, clock })
      await lock.release()
    }
    return { url, trouble: supervisor.trouble, stop }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function startOrFind({
  cluster,
  clock,
  port,
  log,
}: {
  cluster: Cluster
  clock: Clock
  port: number | undefined
  log: (sentence: string) => void
}): Promise<Postmaster> {
  const found = await waitForPostmaster({
    cluster,
    clock,
    timeoutMs: STOPPING_WAIT_MS,
    until: (postmaster) => postmaster === undefined || postmaster.status === 'ready',
  })
  if (found?.status === 'ready' && (port === undefined || port === found.port)) {
    log(`PostgreSQL ${cluster.binaries.major} still ran on port ${found.port}; going on with it`)
    return found
  }
  await stopPostmaster({ cluster, clock })
  const started = await startPostmaster({ cluster, settings: SETTINGS, clock, port })
  log(`PostgreSQL ${cluster.binaries.major} listens on 127.0.0.1:${started.port}`)
  return started
}

/** The product's own role and database; made once. */
async function ensureDatabase({
  port,
  password,
}: {
  port: number
  password: string
}): Promise<string> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    query_timeout: SETUP_TIMEOUT_MS,
    connectionTimeoutMillis: SETUP_TIMEOUT_MS,
  })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      DATABASE,
    ])
    if (rowCount === 0) await createDatabase(client, password)
  } finally {
    await client.end()
  }
  return embeddedUrl({ port, password })
}

// The role may be there already, when an earlier first start died in between.
async function createDatabase(client: Client, password: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [DATABASE])
  const verb = rowCount === 0 ? 'create' : 'alter'
  await client.query(`${verb} role ${DATABASE} login password ${client.escapeLiteral(password)}`)
  await client.query(`create database ${DATABASE} owner ${DATABASE}`)
}
