/**
 * Usage records on disk, one JSON line per record, until billing has captured them. This process appends its
 * batches to a segment, a file that is truncated when all of it was captured, and replaced after a while.
 * Files of other processes are sent as soon as they are found, and removed once they are too old to be
 * appended to. A crash in between sends some records twice; billing deduplicates them. So edges may share a
 * folder, and files copied into it from another edge's disk are sent as well. Appended records survive the
 * process; only synced ones are sure to survive a power failure. Most batches are captured within
 * milliseconds, so `sync` is a separate call.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { usageLines, usageRecordToWire } from '@sluice/contracts/usage-batch'
import type { UsageRecord } from '@sluice/contracts/usage-record'
import { usageRecord } from '@sluice/contracts/usage-record'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

import type { SpoolEntry } from './own-segments.ts'
import { ownSegments } from './own-segments.ts'
import { ifAbsent, syncPath } from './spool-segment.ts'

const FILE = /^(\d{15})-[0-9a-f]{16}\.ndjson$/
/** Folder for records that billing rejects, one per file. */
export const REFUSED_FOLDER = 'refused'
/** No process appends to a file of this age, so that others may remove it. */
export const FOREIGN_AFTER_MS = 60_000

export interface UsageSpool {
  /** Resolves when the records survive this process; rejects when the disk or the spool is full. */
  put(records: readonly UsageRecord[]): Promise<SpoolEntry>
  /** Resolves when the batch would survive a power failure, or was removed. */
  sync(entry: SpoolEntry): Promise<void>
  /** Files of other processes, oldest first; with `olderThanMs` only those of this age. */
  list(options?: { olderThanMs?: number | undefined }): Promise<SpoolEntry[]>
  /** The records of a batch; empty when another edge with the same folder has sent and removed it. */
  read(entry: SpoolEntry): Promise<UsageRecord[]>
  /** Removes a batch, or a file of another process if it is old enough. */
  remove(entry: SpoolEntry): Promise<void>
  /** Sets a record aside, with the reason. */
  refuse(record: UsageRecord, reason: string): Promise<void>
  /** Rejected records, at most `max`, with their names for `accept`. */
  refused(max: number): Promise<{ name: string; records: UsageRecord[] }[]>
  /** Removes rejected records that billing has captured after all. */
  accept(name: string): Promise<void>
  /** Number of rejected records. */
  countRefused(): Promise<number>
  /** Closes this process's files, and removes those without waiting records. */
  close(): Promise<void>
}

export interface UsageSpoolDeps {
  folder: string
  /** Maximum size of the spool. */
  bytesMax: number
  clock: Clock
  random: Random
  log: Log
}

export function usageSpool({ folder, bytesMax, clock, random, log }: UsageSpoolDeps): UsageSpool {
  const refusedFolder = join(folder, REFUSED_FOLDER)
  // Listed files of other processes, with their sizes.
  const foreign = new Map<string, number>()
  const newName = () => {
    const tag = Buffer.from(random.bytes(8)).toString('hex')
    return `${String(clock.nowMs()).padStart(15, '0')}-${tag}.ndjson`
  }
  const namesIn = async (path: string) => {
    const names = (await readdir(path).catch(ifAbsent)) ?? []
    return names.filter((name) => FILE.test(name)).sort()
  }

  const damagedPaths = new Set<string>()
  const parse = (text: string, path: string) => {
    const { records, damaged } = parseLines(text)
    // The last line may be incomplete while its process still appends; the file is read again later.
    damagedPaths.delete(path)
    if (damaged > 0) {
      damagedPaths.add(path)
      log.error(
        { path, damaged },
        'usage records in the spool cannot be read; the file is retained',
      )
    }
    return records
  }
  const readFrom = async (path: string) =>
    parse((await readFile(path, 'utf8').catch(ifAbsent)) ?? '', path)
  // A damaged file is renamed and retained for an operator.
  const removeFrom = async (path: string) => {
    if (damagedPaths.delete(path)) await rename(path, `${path}.damaged`).catch(ifAbsent)
    else await rm(path, { force: true })
  }

  const own = ownSegments({
    folder,
    newName,
    clock,
    isDamaged: (name) => damagedPaths.has(join(folder, name)),
    discard: (name) => removeFrom(join(folder, name)),
    onError: (err) => log.warn({ err }, 'a file of the usage spool cannot be synced or removed'),
  })
  const bytes = () => own.bytes() + [...foreign.values()].reduce((sum, size) => sum + size, 0)

  return {
    async put(records) {
      const text = usageLines(records)
      const waiting = bytes()
      if (waiting + text.length > bytesMax)
        throw new AppError('unavailable', `The usage spool is full: ${waiting} bytes wait in it.`)
      return own.put(text)
    },
    async sync({ file }) {
      await own.sync(file)
    },
    async list({ olderThanMs } = {}) {
      const until = olderThanMs === undefined ? Infinity : clock.nowMs() - olderThanMs
      const names = (await namesIn(folder)).filter(
        (name) => !own.has(name) && writtenAtMs(name) <= until,
      )
      for (const name of names) {
        const found = await stat(join(folder, name)).catch(ifAbsent)
        if (found) foreign.set(name, found.size)
      }
      return names.map((file) => ({ file }))
    },
    async read(entry) {
      const path = join(folder, entry.file)
      if (!entry.part) return readFrom(path)
      return parse(await own.read(entry.file, entry.part), path)
    },
    async remove({ file, part }) {
      if (part) return own.remove(file)
      // Its process may still append to it. It is sent again, and removed, when it is old enough.
      if (writtenAtMs(file) > clock.nowMs() - FOREIGN_AFTER_MS) return
      await removeFrom(join(folder, file))
      foreign.delete(file)
    },
    async refuse(record, reason) {
      const line = JSON.stringify({ ...usageRecordToWire(record), refusedBecause: reason })
      await writeSynced(refusedFolder, { name: newName(), text: `${line}\n` })
    },
    async refused(max) {
      const names = (await namesIn(refusedFolder)).slice(0, max)
      return Promise.all(
        names.map(async (name) => ({ name, records: await readFrom(join(refusedFolder, name)) })),
      )
    },
    accept: (name) => removeFrom(join(refusedFolder, name)),
    countRefused: async () => (await namesIn(refusedFolder)).length,
    close: own.close,
  }
}

const writtenAtMs = (name: string) => Number(FILE.exec(name)?.[1])

/** Writes under a temporary name until it is synced, so that no incomplete file is read. */
async function writeSynced(folder: string, { name, text }: { name: string; text: string }) {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, name)
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
  await syncPath(folder)
}

function parseLines(text: string): { records: UsageRecord[]; damaged: number } {
  const records: UsageRecord[] = []
  let damaged = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const parsed = usageRecord.safeParse(parseJson(line))
    if (parsed.success) records.push(parsed.data)
    else damaged += 1
  }
  return { records, damaged }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
