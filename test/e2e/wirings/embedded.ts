import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Child } from '../harness/child.ts'
import { freePort, runToEnd, startChild, untilReady } from '../harness/child.ts'
import type { Running, Wiring, WiringOptions } from '../harness/running.ts'

const MAIN = 'apps/standalone/src/main.ts'
const CLI = 'apps/standalone/src/cli.ts'

/** One process and its PostgreSQL child, with a new data folder. */
export const embedded: Wiring = {
  name: 'embedded',
  start: async (options) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sluice-e2e-'))
    const port = await freePort()
    const baseUrl = `http://127.0.0.1:${port}`
    const env = environment({ options, dataDir, port })
    const cpu = options.cpuOf?.('standalone')
    let process = startChild({ name: 'standalone', script: MAIN, env, cpu })
    await untilReady(process, baseUrl)
    const sluiceWith = (extra: Record<string, string>, ...args: string[]) =>
      runToEnd({ name: 'sluice', script: CLI, args, env: { ...env, ...extra } })
    const sluice = (...args: string[]) => sluiceWith({}, ...args)
    const databaseUrl = (await sluice('database', 'url')).trim()
    const past: Child[] = []
    return {
      wiring: 'embedded',
      baseUrl,
      otherBaseUrl: undefined,
      apiKey: FIRST_KEY,
      databaseUrl,
      blobDir: join(dataDir, 'blobs'),
      sluice,
      sluiceWith,
      pidOf: () => process.pid,
      kill: () => process.kill(),
      restart: async () => {
        await process.stop()
        past.push(process)
        process = startChild({ name: 'standalone', script: MAIN, env })
        await untilReady(process, baseUrl)
      },
      start: async (_service, extra = {}) => {
        past.push(process)
        process = startChild({ name: 'standalone', script: MAIN, env: { ...env, ...extra } })
        await untilReady(process, baseUrl)
      },
      ended: () => process.ended(),
      output: () => [...past, process].map((child) => child.output()).join('\n'),
      stop: async () => {
        await process.stop()
        await rm(dataDir, { recursive: true, force: true })
      },
    } satisfies Running
  },
}

const FIRST_KEY = 'sk-sluice-first-key-of-the-scenarios'

function environment(spec: { options: WiringOptions; dataDir: string; port: number }) {
  return {
    PORT: String(spec.port),
    SLUICE_DATA_DIR: spec.dataDir,
    SLUICE_FIRST_API_KEY: FIRST_KEY,
    SLUICE_STARTING_CREDITS: '100000',
    OPENAI_API_KEY: spec.options.upstreamKey,
    OPENAI_BASE_URL: `${spec.options.upstreamUrl}/v1`,
    LOG_LEVEL: 'warn',
    ...spec.options.env,
  }
}
