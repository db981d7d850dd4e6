import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { cpuMs, pinned, rssMib } from './process.ts'
import type { Target } from './target.ts'

export interface Sample {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  cpuMicrosPerRequest: number
  rssMib: number
  /** Answers other than 2xx, and broken connections. */
  errors: number
}

export interface Load {
  folder: string
  connections: number
  seconds: number
  body: string
  apiKey: string
  path: string
}

/** Loads a target from CPU 0 and measures the CPU time of the target's process tree. */
export async function measure(target: Target, load: Load): Promise<Sample> {
  const script = join(load.folder, 'request.lua')
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${load.apiKey}`,
    ...target.headers,
  }
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.body = [==[${load.body}]==]\n${Object.entries(headers)
      .map(([name, value]) => `wrk.headers["${name}"] = "${value}"`)
      .join('\n')}\n`,
  )
  const url = `http://127.0.0.1:${target.port}${target.path ?? load.path}`
  const before = cpuMs(target.pid)
  const [command, args] = pinned(0, 'wrk', [
    '-t1',
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    '--timeout',
    '10s',
    '--latency',
    '-s',
    script,
    url,
  ])
  const { stdout } = await promisify(execFile)(command, args)
  return { ...read(stdout, cpuMs(target.pid) - before), rssMib: rssMib(target.pid) }
}

function read(output: string, cpu: number): Omit<Sample, 'rssMib'> {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0)
  const requests = number(/(\d+) requests in/)
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)
  return {
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50Ms: milliseconds(output, '50'),
    p99Ms: milliseconds(output, '99'),
    cpuMicrosPerRequest: requests > 0 ? (cpu * 1000) / requests : Number.NaN,
    errors:
      number(/Non-2xx or 3xx responses: (\d+)/) +
      (broken?.slice(1).reduce((total, count) => total + Number(count), 0) ?? 0),
  }
}

const unitMs: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

function milliseconds(output: string, percentile: string): number {
  const match = new RegExp(`${percentile}%\\s+([\\d.]+)(us|ms|s|m)`).exec(output)
  return match ? Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN) : Number.NaN
}
