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

import { rssMib } from '../measure/process.ts'
import { startServers } from '../measure/servers.ts'
import { brief, quantile, table } from '../measure/table.ts'

const MIB = 1024 * 1024
const PHASE_MS = 8_000
const PAUSE_MS = 20

/** As much of each as was seen to hurt; all of it from one address. */
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
  p50: number
  p99: number
  ratio: number
  memory: string
  answers: string
}

/** What chat of everybody else costs while one address attacks, beside the same in a quiet moment of the same run. */
export async function benchAttack(): Promise<string> {
  const servers = await startServers()
  const simulator = await startOpenAiSimulator()
  const parts: string[] = []
  try {
    for (const wiring of [embedded, distributed] satisfies Wiring[]) {
      const running = await wiring.start({ upstreamUrl: simulator.url, upstreamKey: simulator.key })
      const payer = await newCaller({ running, simulator }, { credits: '100000' })
      const broke = await newCaller({ running, simulator }, { credits: '0' })
      const target = {
        baseUrl: running.baseUrl,
        payingKey: payer.apiKey,
        brokeKey: broke.apiKey,
      }
      parts.push(describe(wiring.name, await measureAll(running, target)))
      await running.stop()
    }
  } finally {
    await simulator.close()
    await servers.stop()
  }
  return ['### pnpm bench attack', '', ...parts].join('\n')
}

async function measureAll(running: Running, target: AttackTarget): Promise<Row[]> {
  await probe(running, PHASE_MS / 2)
  const rows: Row[] = []
  for (const [name, size] of Object.entries(sizes)) {
    process.stderr.write(`attack: ${running.wiring}, ${name}\n`)
    const before = rssMib(running.pidOf('edge-api'))
    const quiet = await probe(running, PHASE_MS)
    const attacker = startAttacker({ name, target, size })
    const loaded = await probe(running, PHASE_MS)
    const during = rssMib(running.pidOf('edge-api'))
    const answers = await attacker.stop()
    await probe(running, PHASE_MS / 2)
    const after = rssMib(running.pidOf('edge-api'))
    const p99 = quantile(loaded, 0.99)
    rows.push({
      name,
      p50: quantile(loaded, 0.5),
      p99,
      ratio: p99 / quantile(quiet, 0.99),
      memory: `${before} / ${during} / ${after}`,
      answers,
    })
  }
  return rows
}

/** Chats one after the other with the first key; the milliseconds of each. Throws for one that fails. */
async function probe({ baseUrl, apiKey }: Running, forMs: number): Promise<number[]> {
  const times: number[] = []
  const untilMs = performance.now() + forMs
  while (performance.now() < untilMs) {
    const startedMs = performance.now()
    const answer = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }),
    })
    await answer.text()
    if (answer.status !== 200) throw new Error(`a chat was answered with ${answer.status}`)
    times.push(performance.now() - startedMs)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return times
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
  const words = [script, name, JSON.stringify(target), JSON.stringify(size)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
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
    'p50 ms',
    'p99 ms',
    'p99 ÷ quiet',
    'MiB before / during / after',
    'answers',
  ]
  const lines = rows.map(({ name, p50, p99, ratio, memory, answers }) => [
    name,
    brief(p50),
    brief(p99),
    brief(ratio),
    memory,
    answers.replaceAll('"', ''),
  ])
  return [`#### ${wiring}`, '', table(columns, lines), ''].join('\n')
}
