import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'

import type { PostgresBinaries } from '@sluice/db/embedded/find-binaries'
import { findFreePort } from '@sluice/db/embedded/find-free-port'
import { stopPostmaster, waitForPostmaster } from '@sluice/db/embedded/postmaster'
import { prepareCluster } from '@sluice/db/embedded/prepare-cluster'
import { startPostmaster } from '@sluice/db/embedded/start-postmaster'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'

import { freezeTree, resumeTree } from './signal-tree.ts'

const READY_WAIT_MS = 20_000
const POLL_MS = 25
const STOP_WAIT_MS = 5_000

/** A server of a test run, on a free port and in a temporary folder. */
export interface TestServer {
  url: string
  /** SIGSTOP: connections stay open, without answers. */
  freeze(): Promise<void>
  /** SIGCONT. */
  resume(): Promise<void>
  stop(): Promise<void>
}

/** A PostgreSQL that can be killed and restarted on the same port with its data. */
export interface KillableServer extends TestServer {
  /** SIGSTOP to the postmaster only: new connections hang, open ones are served. */
  freezeListener(): Promise<void>
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>
  /** Restarts the server after `kill`. */
  start(): Promise<void>
}

/** The same for a server that can be restarted without its data. */
export interface RestartableServer extends TestServer {
  /** SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>
  /** Restarts the server after `kill`, without its data when `emptied`. */
  start(options: { emptied: boolean }): Promise<void>
}

// Durability is not needed, so nothing waits for the disk.
const NOT_DURABLE = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  autovacuum: 'off',
  log_min_messages: 'fatal',
}

/** A readiness probe per server: the bytes to send and the start of the answer. */
const probes = {
  redis: { send: 'PING\r\n', expect: '+PONG' },
  nats: { send: '', expect: 'INFO ' },
}

/**
 * PostgreSQL; the URL is that of the superuser. `survivesKill` writes each commit to the operating system
 * before it is acknowledged, so that a killed server loses none.
 */
export async function startTestPostgres({
  folder,
  binaries,
  survivesKill = false,
}: {
  folder: string
  binaries: PostgresBinaries
  survivesKill?: boolean
}): Promise<KillableServer> {
  const clock = systemClock
  const settings = { ...NOT_DURABLE, synchronous_commit: survivesKill ? 'on' : 'off' }
  const prepared = await prepareCluster({ folder, binaries, random: systemRandom, sync: false })
  const { cluster, password } = prepared
  const first = await startPostmaster({ cluster, settings, clock })
  const { port } = first
  let { pid } = first
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    freeze: () => freezeTree(pid),
    freezeListener: async () => void process.kill(pid, 'SIGSTOP'),
    resume: () => resumeTree(pid),
    stop: () => stopPostmaster({ cluster, clock }),
    kill: async () => {
      process.kill(pid, 'SIGKILL')
      const until = (found: unknown) => found === undefined
      await waitForPostmaster({ cluster, clock, timeoutMs: STOP_WAIT_MS, until })
    },
    start: async () => {
      ;({ pid } = await startPostmaster({ cluster, settings, clock, port }))
    },
  }
}

/** Redis without persistence. */
export async function startTestRedis({ folder, command }: Program): Promise<RestartableServer> {
  await mkdir(folder, { recursive: true })
  const port = await findFreePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const running = await startProgram({
    command,
    args: [...args, '--save', '', '--appendonly', 'no'],
    folder,
    isReady: () => answers({ port, ...probes.redis }),
  })
  return { url: `redis://127.0.0.1:${port}`, ...running }
}

/** NATS with JetStream. */
export async function startTestNats({ folder, command }: Program): Promise<RestartableServer> {
  await mkdir(folder, { recursive: true })
  const port = await findFreePort()
  const running = await startProgram({
    command,
    args: ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder],
    folder,
    isReady: () => answers({ port, ...probes.nats }),
  })
  return { url: `nats://127.0.0.1:${port}`, ...running }
}

/** Waits for a server that is started elsewhere, such as in a container. */
export async function waitForServer(kind: keyof typeof probes, port: number): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + READY_WAIT_MS
  while (!(await answers({ port, ...probes[kind] }))) {
    if (systemClock.monotonicMs() > deadlineMs)
      throw new Error(`no ${kind} answers on port ${port}`)
    await systemClock.sleep(POLL_MS)
  }
}

interface Program {
  folder: string
  /** Path of the server program. */
  command: string
}

/** Starts the program and waits until it answers; it can be killed and restarted in the same folder. */
async function startProgram(program: Program & Launch): Promise<RestartableOptions> {
  let child = await spawnProgram(program)
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  const signal = async (name: NodeJS.Signals) => void child.kill(name)
  const end = async (name: NodeJS.Signals) => {
    if (hasExited()) return
    const exited = once(child, 'exit')
    child.kill(name)
    const cancel = systemClock.after(STOP_WAIT_MS, () => child.kill('SIGKILL'))
    await exited.finally(cancel)
  }
  return {
    freeze: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start: async ({ emptied }) => {
      if (emptied) await rm(program.folder, { recursive: true, force: true })
      await mkdir(program.folder, { recursive: true })
      child = await spawnProgram(program)
    },
  }
}

async function spawnProgram({
  command,
  args,
  folder,
  isReady,
}: Program & Launch): Promise<ChildProcess> {
  const logFile = join(folder, 'server.log')
  const log = await open(logFile, 'w')
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log.fd, log.fd] })
  await once(child, 'spawn').finally(() => log.close())
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  const deadlineMs = systemClock.monotonicMs() + READY_WAIT_MS
  while (!(await isReady())) {
    if (hasExited() || systemClock.monotonicMs() > deadlineMs) {
      child.kill('SIGKILL')
      throw new Error(`${command} did not start:\n${await readFile(logFile, 'utf8')}`)
    }
    await systemClock.sleep(POLL_MS)
  }
  return child
}

interface Launch {
  args: string[]
  isReady: () => Promise<boolean>
}

type RestartableOptions = Omit<RestartableServer, 'url'>

/** Sends bytes to a port; resolves to whether the answer starts as expected. */
async function answers({
  port,
  send,
  expect,
}: {
  port: number
  send: string
  expect: string
}): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 })
  return new Promise((resolve) => {
    const end = (isReady: boolean) => {
      socket.destroy()
      resolve(isReady)
    }
    socket.on('connect', () => socket.write(send))
    socket.on('data', (bytes) => end(bytes.toString('latin1').startsWith(expect)))
    socket.on('timeout', () => end(false))
    socket.on('error', () => end(false))
  })
}
