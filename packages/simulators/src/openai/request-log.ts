import { createHash } from 'node:crypto'
import type { WriteStream } from 'node:fs'
import { createWriteStream } from 'node:fs'

import { systemClock } from '@sluice/kernel/clock'

import type { Route } from './fault.ts'

/** Something that a real upstream would charge for. */
export type Produced =
  | {
      kind: 'picture'
      sha256: string
      bytes: number
      size: string
      quality: string
      format: string
    }
  | { kind: 'tokens'; prompt: number; completion: number }

/** How a request ended; null while it runs. */
export type EndOfRequest = 'answered' | 'client-gone' | 'cut' | 'reset' | null

/** What the simulator received and sent for one request; independent evidence for tests of the gateway. */
export interface LogEntry {
  n: number
  receivedAt: string
  endedAt: string | null
  route: Route
  method: string
  path: string
  /** See `hashKey`; null without a key. */
  keyHash: string | null
  acceptEncoding: string | null
  /** The body's short scalar fields. */
  fields: Record<string, string | number | boolean>
  model: string | null
  prompt: string | null
  stream: boolean
  bodySha256: string
  bodyBytes: number
  /** Names of multipart parts in order. */
  parts: string[]
  /** Kind of the scripted behaviour, if any. */
  behaviour: string | null
  /** Recorded before the first byte of the response. */
  produced: Produced[]
  status: number | null
  end: EndOfRequest
}

export interface RequestLog {
  received(
    entry: Omit<LogEntry, 'n' | 'receivedAt' | 'endedAt' | 'produced' | 'status' | 'end'>,
  ): LogEntry
  produced(entry: LogEntry, produced: Produced): void
  ended(entry: LogEntry, how: Exclude<EndOfRequest, null>, status: number | null): void
  entries(): readonly LogEntry[]
  close(): Promise<void>
}

/** The first 16 hex digits of the key's SHA-256: distinguishes keys without storing them. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** Holds the newest `entriesMax` requests in memory, and appends every event as a line to `path`. */
export function createRequestLog({
  path,
  entriesMax = 100_000,
}: {
  path?: string | undefined
  entriesMax?: number
}): RequestLog {
  const file: WriteStream | undefined = path ? createWriteStream(path, { flags: 'a' }) : undefined
  const line = (event: string, facts: object) =>
    file?.write(`${JSON.stringify({ event, ...facts })}\n`)
  let entries: LogEntry[] = []
  let count = 0
  const now = () => systemClock.now().toISOString()

  return {
    received(facts) {
      count += 1
      const entry: LogEntry = {
        n: count,
        receivedAt: now(),
        endedAt: null,
        ...facts,
        produced: [],
        status: null,
        end: null,
      }
      entries.push(entry)
      if (entries.length > entriesMax * 1.5) entries = entries.slice(-entriesMax)
      line('received', entry)
      return entry
    },
    produced(entry, produced) {
      entry.produced.push(produced)
      line('produced', { n: entry.n, at: now(), produced })
    },
    ended(entry, how, status) {
      if (entry.end !== null) return
      entry.end = how
      entry.status = status
      entry.endedAt = now()
      line('ended', { n: entry.n, at: entry.endedAt, end: how, status })
    },
    entries: () => entries,
    close: () => new Promise((resolve) => (file ? file.end(resolve) : resolve())),
  }
}
