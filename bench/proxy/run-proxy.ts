import type { Load, Sample } from '../measure/wrk.ts'
import { measure } from '../measure/wrk.ts'
import { brief, median, table } from '../measure/table.ts'
import type { Target } from '../measure/target.ts'

export interface Phase {
  title: string
  connections: number
  warmupSeconds: number
  seconds: number
  rounds: number
}

/**
 * Measures every target in interleaved rounds, with the order reversed every other round, so that load
 * of the machine affects all targets alike. Returns the medians by target name.
 */
export async function runPhase(
  targets: Target[],
  phase: Phase,
  load: Omit<Load, 'connections' | 'seconds'>,
): Promise<Map<string, Sample>> {
  for (const target of targets) {
    process.stderr.write(`${phase.title}: warming ${target.name}\n`)
    await measure(target, { ...load, connections: phase.connections, seconds: phase.warmupSeconds })
  }
  const samples = new Map<string, Sample[]>(targets.map((target) => [target.name, []]))
  for (let round = 0; round < phase.rounds; round += 1) {
    const order = round % 2 === 0 ? targets : targets.toReversed()
    for (const target of order) {
      const { connections, seconds } = phase
      const sample = await measure(target, { ...load, connections, seconds })
      process.stderr.write(
        `${phase.title}: round ${round + 1} ${target.name} ${brief(sample.requestsPerSecond)} req/s\n`,
      )
      samples.get(target.name)?.push(sample)
    }
  }
  return new Map([...samples].map(([name, all]) => [name, medians(all)]))
}

/** The table of a phase; latencies are relative to the upstream called directly. */
export function describePhase(phase: Phase, results: Map<string, Sample>): string {
  const direct = results.get('upstream')
  const rows = [...results].map(([name, sample]) => [
    name === 'upstream' ? 'upstream, direct' : name,
    Math.round(sample.requestsPerSecond),
    brief(sample.p50Ms - (direct?.p50Ms ?? 0)),
    brief(sample.p99Ms - (direct?.p99Ms ?? 0)),
    brief(sample.cpuMicrosPerRequest),
    sample.rssMib,
    sample.errors,
  ])
  const columns = ['target', 'req/s', '+p50 ms', '+p99 ms', 'CPU µs/request', 'RSS MiB', 'errors']
  return `### ${phase.title}\n\n${table(columns, rows)}\n`
}

function medians(samples: Sample[]): Sample {
  const of = (read: (sample: Sample) => number) => median(samples.map(read))
  return {
    requestsPerSecond: of((sample) => sample.requestsPerSecond),
    p50Ms: of((sample) => sample.p50Ms),
    p99Ms: of((sample) => sample.p99Ms),
    cpuMicrosPerRequest: of((sample) => sample.cpuMicrosPerRequest),
    rssMib: of((sample) => sample.rssMib),
    errors: Math.max(...samples.map((sample) => sample.errors)),
  }
}
