import { queryDatabase } from '@sluice/e2e/harness/ledger'
import type { Running, Wiring } from '@sluice/e2e/harness/running'
import { distributed } from '@sluice/e2e/wirings/distributed'
import { embedded } from '@sluice/e2e/wirings/embedded'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'

import { rssMib } from '../measure/process.ts'
import { startServers } from '../measure/servers.ts'
import { brief, quantile, table } from '../measure/table.ts'

const WARMUP_JOBS = 50
const SERIAL_JOBS = 200
const PARALLEL_JOBS = 600
const PARALLEL = 16

const body = JSON.stringify({
  model: 'gpt-image-2',
  prompt: 'bench',
  quality: 'low',
  size: '1024x1024',
})

interface Row {
  name: string
  serial: number[]
  perSecond: number
  commitsPerJob: number
  rss: number
}

/** Measures awaited image jobs with an upstream without latency: latency, rate, transactions, memory. */
export async function benchJob(): Promise<string> {
  const servers = await startServers()
  const simulator = await startOpenAiSimulator()
  const rows: Row[] = []
  let direct: number[] = []
  try {
    for (const wiring of [embedded, distributed] satisfies Wiring[]) {
      process.stderr.write(`job: ${wiring.name}\n`)
      const running = await wiring.start({ upstreamUrl: simulator.url, upstreamKey: simulator.key })
      rows.push(await measureWiring(running))
      direct = await serial(`${simulator.url}/v1`, simulator.key, SERIAL_JOBS)
      await running.stop()
    }
  } finally {
    await simulator.close()
    await servers.stop()
  }
  return describe(rows, direct)
}

async function measureWiring(running: Running): Promise<Row> {
  const gateway = `${running.baseUrl}/v1`
  await serial(gateway, running.apiKey, WARMUP_JOBS)
  const commitsBefore = await commits(running)
  const latencies = await serial(gateway, running.apiKey, SERIAL_JOBS)
  await untilIdle(running)
  const commitsAfter = await commits(running)
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: PARALLEL }, () =>
      serial(gateway, running.apiKey, PARALLEL_JOBS / PARALLEL),
    ),
  )
  const seconds = (performance.now() - startedAt) / 1000
  return {
    name: running.wiring,
    serial: latencies,
    perSecond: PARALLEL_JOBS / seconds,
    commitsPerJob: (commitsAfter - commitsBefore) / SERIAL_JOBS,
    rss: processes(running).reduce((total, pid) => total + rssMib(pid), 0),
  }
}

const services = ['edge-api', 'scheduler', 'billing', 'image-runner', 'imgproxy'] as const
const processes = (running: Running) => [...new Set(services.map((name) => running.pidOf(name)))]

/** Sends sequential requests; returns the milliseconds of each. */
async function serial(gateway: string, apiKey: string, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now()
    const answer = await fetch(`${gateway}/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body,
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${answer.status}: ${text}`)
    times.push(performance.now() - startedAt)
  }
  return times
}

// Committed transactions of the whole database: of the jobs and of background tasks.
async function commits(running: Running): Promise<number> {
  // PostgreSQL backends report their counts after a second without activity.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const [row] = await queryDatabase<{ commits: string }>(
    { running },
    'select xact_commit::text as commits from pg_stat_database where datname = current_database()',
  )
  return Number(row?.commits)
}

async function untilIdle(running: Running): Promise<void> {
  for (;;) {
    const open = await queryDatabase(
      { running },
      `select 1 from holds where purpose = 'job' and state = 'open'`,
    )
    if (open.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function describe(rows: Row[], direct: number[]): string {
  const p = (times: number[], share: number) => quantile(times, share)
  const lines = rows.map((row) => [
    row.name,
    brief(p(row.serial, 0.5) - p(direct, 0.5)),
    brief(p(row.serial, 0.99) - p(direct, 0.99)),
    brief(row.perSecond),
    brief(row.commitsPerJob),
    row.rss,
  ])
  const columns = ['wiring', '+p50 ms', '+p99 ms', 'jobs/s', 'commits per job', 'RSS MiB']
  return `# pnpm bench job

${SERIAL_JOBS} sequential awaited jobs, then ${PARALLEL_JOBS} from ${PARALLEL} concurrent callers, with an upstream without
latency (called directly: p50 ${brief(p(direct, 0.5))} ms, p99 ${brief(p(direct, 0.99))} ms, which is subtracted). "Commits per job" counts every committed
transaction of the database in that time, including background tasks and measuring. The embedded wiring runs its own PostgreSQL with every commit synced to disk; the distributed one uses the
test server with \`fsync\` and \`synchronous_commit\` off, which improves its times but not its transaction counts.

${table(columns, lines)}
`
}
