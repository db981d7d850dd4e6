import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'

import type { AttackName, AttackSize, AttackTarget } from '@sluice/e2e/harness/attacks'
import { newCaller } from '@sluice/e2e/harness/new-caller'
import type { Running, Wiring } from '@sluice/e2e/harness/running'
import { distributed } from '@sluice/e2e/wirings/distributed'
import { embedded } from '@sluice/e2e/wirings/embedded'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOwnServers } from '@sluice/testkit/own-servers'

import { brief, quantile, table } from '../measure/table.ts'
import type { Freezable } from './frozen-database.ts'
import {
  ADMIN,
  sendUntil,
  databaseRequests,
  describeMeasured,
  embeddedPostgres,
} from './frozen-database.ts'
import type { Memory } from './memory.ts'
import { describeMemory, readMemory } from './memory.ts'

const MIB = 1024 * 1024
const PHASE_MS = 8_000
const PAUSE_MS = 20
/** Longer than each deadline of the gateway, shorter than an allowance's lease. */
const FROZEN_MS = 12_000

/** Sizes that had a measurable effect; all from one address. */
const sizes: Record<AttackName | 'held bodies', AttackSize> = {
  'large sign-in bodies': { atOnce: 6, bodyBytes: MIB },
  'wrong passwords': { atOnce: 80, bodyBytes: 0 },
  'millions of empty objects to the image route': { atOnce: 4, bodyBytes: 19 * MIB },
  'millions of empty objects to chat': { atOnce: 4, bodyBytes: 19 * MIB },
  'large bodies without credits': { atOnce: 8, bodyBytes: MIB },
  'wrong API keys': { atOnce: 50, bodyBytes: 0 },
  'silent connections': { atOnce: 1_000, bodyBytes: 0 },
  'held bodies': { atOnce: 100, bodyBytes: 4 * MIB },
}

interface Row {
  name: string
  chats: Chats
  /** p99 divided by the p99 when idle. */
  ratio: number
  memory: { before: Memory; during: Memory; after: Memory }
  answers: string
}

interface Chats {
  times: number[]
  statuses: Record<number, number>
}

/** `pnpm bench attack [embedded|distributed] [part of a scenario's name]`. */
export async function benchAttack([only, filter = '']: string[] = []): Promise<string> {
  const servers = await startOwnServers()
  const simulator = await startOpenAiSimulator()
  const parts: string[] = []
  const all: Wiring[] = [embedded, distributed]
  const wirings = all.filter(({ name }) => only === undefined || name === only)
  try {
    for (const wiring of wirings) {
      const running = await wiring.start({
        upstreamUrl: simulator.url,
        upstreamKey: simulator.key,
        servers,
        env: { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password },
      })
      const paying = await newCaller({ running, simulator }, { credits: '100000' })
      const withoutCredits = await newCaller({ running, simulator }, { credits: '0' })
      const target = {
        baseUrl: running.baseUrl,
        payingKey: paying.apiKey,
        keyWithoutCredits: withoutCredits.apiKey,
      }
      const postgres = wiring.name === 'embedded' ? embeddedPostgres(running) : servers.postgres
      const rows = await measureAll(running, { target, postgres, filter })
      parts.push(describe(wiring.name, rows))
      await running.stop()
    }
  } finally {
    await simulator.close()
    await servers.stop()
  }
  return ['### pnpm bench attack', '', ...parts].join('\n')
}

async function measureAll(
  running: Running,
  { target, postgres, filter }: { target: AttackTarget; postgres: Freezable; filter: string },
): Promise<Row[]> {
  await probe(running, PHASE_MS / 2)
  const rows: Row[] = []
  for (const [name, size] of Object.entries(sizes)) {
    if (!name.includes(filter)) continue
    const attack = async () => {
      const attacker = startAttacker({ name, target, size })
      const chats = await probe(running, PHASE_MS)
      return { chats, during: await readMemory(running), answers: await attacker.stop() }
    }
    rows.push(await measure(running, name, attack))
  }
  const name = `PostgreSQL frozen for ${FROZEN_MS / 1_000} s`
  if (name.includes(filter))
    rows.push(await measure(running, name, () => freeze(running, postgres)))
  return rows
}

interface Phase {
  chats: Chats
  during: Memory
  answers: string
}

/** Measures one scenario between two idle phases. */
async function measure(running: Running, name: string, phase: () => Promise<Phase>): Promise<Row> {
  process.stderr.write(`attack: ${running.wiring}, ${name}\n`)
  const before = await readMemory(running)
  const idle = await probe(running, PHASE_MS)
  const { chats, during, answers } = await phase()
  await probe(running, PHASE_MS / 2)
  const memory = { before, during, after: await readMemory(running) }
  const ratio = quantile(chats.times, 0.99) / quantile(idle.times, 0.99)
  return { name, chats, ratio, memory, answers }
}

/** Sends chats, and concurrently requests that use the database, while it is frozen. */
async function freeze(running: Running, postgres: Freezable): Promise<Phase> {
  const requests = await databaseRequests(running)
  const stop = new AbortController()
  await postgres.freeze()
  try {
    const sending = sendUntil(requests, stop.signal)
    const chats = await probe(running, FROZEN_MS)
    stop.abort()
    // Still frozen: the gateway's own deadlines must answer each request.
    const answers = describeMeasured(await sending)
    return { chats, during: await readMemory(running), answers }
  } finally {
    await postgres.resume()
  }
}

/** Sends sequential chats with the first key; returns their durations and status counts. */
async function probe({ baseUrl, apiKey }: Running, forMs: number): Promise<Chats> {
  const chats: Chats = { times: [], statuses: {} }
  const untilMs = performance.now() + forMs
  while (performance.now() < untilMs) {
    const startedMs = performance.now()
    const answer = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }),
    })
    await answer.text()
    chats.times.push(performance.now() - startedMs)
    chats.statuses[answer.status] = (chats.statuses[answer.status] ?? 0) + 1
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return chats
}

function startAttacker({
  name,
  target,
  size,
}: {
  name: string
  target: AttackTarget
  size: AttackSize
}) {
  const script = fileURLToPath(new URL('attacker.ts', import.meta.url))
  const args = [script, name, JSON.stringify(target), JSON.stringify(size)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = text(child.stdout)
  const ended = once(child, 'close')
  return {
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      return await printed
    },
  }
}

function describe(wiring: string, rows: Row[]): string {
  const columns = [
    'attack',
    'chats of other callers',
    'p50 ms',
    'p99 ms',
    'longest ms',
    'p99 ÷ idle',
    'MiB resident (heap, external, array buffers): before / during / after',
    'answers',
  ]
  const lines = rows.map(({ name, chats: { times, statuses }, ratio, memory, answers }) => [
    name,
    Object.entries(statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
    brief(quantile(times, 0.5)),
    brief(quantile(times, 0.99)),
    brief(Math.max(...times)),
    brief(ratio),
    [memory.before, memory.during, memory.after].map(describeMemory).join(' / '),
    answers.replaceAll('"', ''),
  ])
  return [`#### ${wiring}`, '', table(columns, lines), ''].join('\n')
}
