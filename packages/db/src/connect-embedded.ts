/**
 * PostgreSQL as a child process, for embedded mode: the binaries of an npm package, run as an unprivileged
 * user on the installation's data folder. The child survives a killed parent; the next start reuses it. A
 * lock allows one parent per folder.
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
import { createPrivateFolder } from './embedded/create-private-folder.ts'
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
  // /dev/shm of a container is small; without parallel queries nothing uses dynamic shared memory.
  dynamic_shared_memory_type: 'mmap',
  max_parallel_workers_per_gather: '0',
  max_wal_size: '512MB',
  io_method: 'sync',
  jit: 'off',
  // Rows and statements may contain callers' data, so the log must not include them.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
}

export interface EmbeddedPostgres {
  /** For `connectPostgres`: connects as the owner of the database, which is not a superuser. */
  url: string
  /** Undefined while the server runs; otherwise a description for the operator. */
  problem(): string | undefined
  /** Stops the server and releases the lock of the folder. */
  stop(): Promise<void>
}

/**
 * Starts or reuses the PostgreSQL of this data folder, and restarts it on the same port whenever it ends
 * unexpectedly. The first start takes about 2 s.
 */
export async function startEmbeddedPostgres({
  dataDir,
  log,
  port,
  clock = systemClock,
  random = systemRandom,
}: {
  dataDir: string
  /** Logs one message for the operator. */
  log: (message: string) => void
  /** A free port unless given. */
  port?: number | undefined
  clock?: Clock
  random?: Random
}): Promise<EmbeddedPostgres> {
  const dataFolder = resolve(dataDir)
  await createPrivateFolder(dataFolder)
  const lock = await lockFolder({ folder: dataFolder, random })
  try {
    const binaries = await findEmbeddedBinaries()
    const folder = join(dataFolder, 'postgres')
    const { cluster, password } = await prepareCluster({ folder, binaries, random, sync: true })
    const running = await startOrReuse({ cluster, clock, port, log })
    const url = await ensureDatabase({ port: running.port, password })
    const restart = async () => {
      await startPostmaster({ cluster, settings: SETTINGS, clock, port: running.port })
    }
    const supervisor = superviseServer({ cluster, clock, restart, log })
    const stop = async () => {
      await supervisor.stop()
      await stopPostmaster({ cluster, clock })
      await lock.release()
    }
    return { url, problem: supervisor.problem, stop }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function startOrReuse({
  cluster,
  clock,
  port,
  log,
}: {
  cluster: Cluster
  clock: Clock
  port: number | undefined
  log: (message: string) => void
}): Promise<Postmaster> {
  const found = await waitForPostmaster({
    cluster,
    clock,
    timeoutMs: STOPPING_WAIT_MS,
    until: (postmaster) => postmaster === undefined || postmaster.status === 'ready',
  })
  if (found?.status === 'ready' && (port === undefined || port === found.port)) {
    log(`PostgreSQL ${cluster.binaries.major} is still running on port ${found.port}; reusing it`)
    return found
  }
  await stopPostmaster({ cluster, clock })
  const started = await startPostmaster({ cluster, settings: SETTINGS, clock, port })
  log(`PostgreSQL ${cluster.binaries.major} listens on 127.0.0.1:${started.port}`)
  return started
}

/** Creates the product's role and database unless they exist; returns their URL. */
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

// The role may exist already when an earlier first start was interrupted.
async function createDatabase(client: Client, password: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [DATABASE])
  const action = rowCount === 0 ? 'create' : 'alter'
  await client.query(`${action} role ${DATABASE} login password ${client.escapeLiteral(password)}`)
  await client.query(`create database ${DATABASE} owner ${DATABASE}`)
}
