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
const LOOK_EVERY_MS = 25
const STOP_WAIT_MS = 5_000

/** A private server of a test run: on a free port, in a folder that is thrown away. */
export interface TestServer {
  url: string
  /** SIGSTOP: its connections stay open, and nothing answers on them. */
  freeze(): Promise<void>
  /** SIGCONT. */
  resume(): Promise<void>
  stop(): Promise<void>
}

/** A PostgreSQL that a suite may kill, and start again at the same port, on what its disk has. */
export interface KillableServer extends TestServer {
  /** SIGSTOP to the postmaster alone: new connections hang, and those that are open are served. */
  freezeListener(): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it after `kill`. */
  start(): Promise<void>
}

/** The same for a server that may lose its disk. */
export interface RestartableServer extends TestServer {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it after `kill`; without its disk when `emptied`. */
  start(options: { emptied: boolean }): Promise<void>
}

// It need not survive anything, so it waits for no disk.
const CARELESS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  autovacuum: 'off',
  log_min_messages: 'fatal',
}

/** How one knows that a server is there: what it says once it was spoken to. */
const greetings = {
  redis: { say: 'PING\r\n', expect: '+PONG' },
  nats: { say: '', expect: 'INFO ' },
}

/**
 * PostgreSQL; the URL is its superuser's. `survivesKill` hands each commit to the system before it is
 * acknowledged, so that a killed server loses none.
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
  const settings = { ...CARELESS, synchronous_commit: survivesKill ? 'on' : 'off' }
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

/** Redis that keeps nothing on disk. */
export async function startTestRedis({ folder, command }: Program): Promise<RestartableServer> {
  await mkdir(folder, { recursive: true })
  const port = await findFreePort()
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const running = await startProgram({
    command,
    words: [...words, '--save', '', '--appendonly', 'no'],
    folder,
    isReady: () => answers({ port, ...greetings.redis }),
  })
  return { url: `redis://127.0.0.1:${port}`, ...running }
}

/** NATS with JetStream. */
export async function startTestNats({ folder, command }: Program): Promise<RestartableServer> {
  await mkdir(folder, { recursive: true })
  const port = await findFreePort()
  const running = await startProgram({
    command,
    words: ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder],
    folder,
    isReady: () => answers({ port, ...greetings.nats }),
  })
  return { url: `nats://127.0.0.1:${port}`, ...running }
}

/** Waits for a server that somebody else starts, such as a container. */
export async function waitForServer(kind: keyof typeof greetings, port: number): Promise<void> {
  const lastMs = systemClock.monotonicMs() + READY_WAIT_MS
  while (!(await answers({ port, ...greetings[kind] }))) {
    if (systemClock.monotonicMs() > lastMs) throw new Error(`no ${kind} answers on port ${port}`)
    await systemClock.sleep(LOOK_EVERY_MS)
  }
}

interface Program {
  folder: string
  /** Path of the server program. */
  command: string
}

/** Starts it and waits until it answers; it can be killed and started again at the same place. */
async function startProgram(program: Program & Words): Promise<RestartableOptions> {
  let child = await spawnProgram(program)
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const signal = async (name: NodeJS.Signals) => void child.kill(name)
  const end = async (name: NodeJS.Signals) => {
    if (isOver()) return
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
  words,
  folder,
  isReady,
}: Program & Words): Promise<ChildProcess> {
  const logFile = join(folder, 'server.log')
  const log = await open(logFile, 'w')
  const child = spawn(command, words, { cwd: folder, stdio: ['ignore', log.fd, log.fd] })
  await once(child, 'spawn').finally(() => log.close())
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const lastMs = systemClock.monotonicMs() + READY_WAIT_MS
  while (!(await isReady())) {
    if (isOver() || systemClock.monotonicMs() > lastMs) {
      child.kill('SIGKILL')
      throw new Error(`${command} did not start:\n${await readFile(logFile, 'utf8')}`)
    }
    await systemClock.sleep(LOOK_EVERY_MS)
  }
  return child
}

interface Words {
  words: string[]
  isReady: () => Promise<boolean>
}

type RestartableOptions = Omit<RestartableServer, 'url'>

/** Whether a server on this port says what is expected, once it was spoken to. */
async function answers({
  port,
  say,
  expect,
}: {
  port: number
  say: string
  expect: string
}): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 })
  return new Promise((resolve) => {
    const end = (heard: boolean) => {
      socket.destroy()
      resolve(heard)
    }
    socket.on('connect', () => socket.write(say))
    socket.on('data', (bytes) => end(bytes.toString('latin1').startsWith(expect)))
    socket.on('timeout', () => end(false))
    socket.on('error', () => end(false))
  })
}
