import { existsSync } from 'node:fs'
import { join } from 'node:path'

import {
  findEmbeddedBinaries,
  findSystemBinaries,
} from '../../packages/db/src/embedded/find-binaries.ts'
import { findProgram } from '../../packages/testkit/src/find-program.ts'
import {
  startTestNats,
  startTestPostgres,
  startTestRedis,
  waitForServer,
} from '../../packages/testkit/src/servers.ts'
import { installDebian } from './install-debian.mjs'
import { runContainer } from './run-container.mjs'

const POSTGRES_15 = '/usr/lib/postgresql/15/bin'

/** For each kind of server: the variable that tests read, and the ways to start one. */
const servers = {
  redis: {
    variable: 'TEST_REDIS_URL',
    program: 'redis-server',
    start: startTestRedis,
    container: { image: 'redis:7-alpine', port: 6379 },
  },
  nats: {
    variable: 'TEST_NATS_URL',
    program: 'nats-server',
    start: startTestNats,
    container: { image: 'nats:2.10-alpine', port: 4222, args: ['--jetstream'] },
  },
}

/**
 * Starts the servers of the named kinds (`postgres`, `redis`, `nats`, `chromium`). Sets each URL in `env`,
 * pushes the stop functions onto `stops`, and returns the kinds that are not available.
 */
export async function startServers({ kinds, folder, env, stops }) {
  if (kinds.has('postgres')) await startPostgres({ folder, env, stops })
  const missing = []
  if (kinds.has('chromium') && !findChromium(env)) missing.push('chromium')
  const requested = Object.keys(servers).filter((kind) => kinds.has(kind))
  installMissing(requested.filter((kind) => !env[servers[kind].variable]))
  for (const kind of requested) {
    const server = await startServer({ kind, folder, env })
    if (server === undefined) missing.push(kind)
    else if (server.stop) stops.push(server.stop)
  }
  return missing
}

/** Sets the browser's path in `env`; false when none is installed or installable. */
function findChromium(env) {
  const find = () =>
    env.TEST_CHROMIUM ||
    ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find(Boolean)
  // With the fonts of Chinese pages.
  if (!find()) installDebian(['chromium', 'fonts-noto-cjk'])
  const path = find()
  if (path) env.TEST_CHROMIUM = path
  return path !== undefined
}

async function startPostgres({ folder, env, stops }) {
  const start = async (variable, name, binaries) => {
    const server = await startTestPostgres({ folder: join(folder, name), binaries })
    stops.push(server.stop)
    env[variable] = server.url
  }
  if (!env.TEST_POSTGRES_URL) {
    await start('TEST_POSTGRES_URL', 'postgres', await findEmbeddedBinaries())
  }
  if (!env.TEST_POSTGRES_15_URL && existsSync(POSTGRES_15)) {
    await start('TEST_POSTGRES_15_URL', 'postgres-15', await findSystemBinaries(POSTGRES_15))
  }
}

function installMissing(kinds) {
  const programs = kinds.map((kind) => servers[kind].program)
  const absent = programs.filter((program) => !findProgram(program))
  if (absent.length > 0) installDebian(absent)
}

async function startServer({ kind, folder, env }) {
  const { variable, program, start, container } = servers[kind]
  if (env[variable]) return {}
  const command = findProgram(program)
  if (command) {
    const server = await start({ folder: join(folder, kind), command })
    env[variable] = server.url
    return server
  }
  const running = runContainer(container)
  if (!running) return
  await waitForServer(kind, Number(running.address.split(':').at(-1)))
  env[variable] = `${kind}://${running.address}`
  return running
}
