import type { Running } from '@sluice/e2e/harness/running'

import { ownRssMib } from '../measure/process.ts'

/**
 * Memory of the process that listens on the port, in MiB, without children such as the embedded PostgreSQL.
 */
export interface Memory {
  /** Resident; shared pages count proportionally (PSS). */
  resident: number
  heapUsed: number
  /** Outside of the heap, including array buffers. */
  external: number
  arrayBuffers: number
}

const gauges = {
  heapUsed: 'nodejs_heap_size_used_bytes',
  external: 'nodejs_external_memory_bytes',
  arrayBuffers: 'nodejs_array_buffer_bytes',
} as const

export async function readMemory(running: Running): Promise<Memory> {
  const answer = await fetch(`${running.baseUrl}/metrics`)
  const text = await answer.text()
  const mib = (name: string) => {
    const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`/metrics has no ${name}`)
    return Math.round(Number(value) / 2 ** 20)
  }
  return {
    resident: ownRssMib(running.pidOf('edge-api')),
    heapUsed: mib(gauges.heapUsed),
    external: mib(gauges.external),
    arrayBuffers: mib(gauges.arrayBuffers),
  }
}

/** `resident (heap, external, array buffers)`. */
export const describeMemory = ({ resident, heapUsed, external, arrayBuffers }: Memory): string =>
  `${resident} (${heapUsed}, ${external}, ${arrayBuffers})`
