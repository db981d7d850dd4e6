/**
 * Usage records on disk, one JSON line a record, until billing has captured them. This process appends its
 * batches to a segment, a file that it empties when all of it was captured, and replaces after a while. Files
 * of other processes are sent as soon as they are found, and removed when nobody appends to them any more. A
 * crash in between sends some records twice, which billing counts once. So edges may share a folder, and files
 * that were copied into it from another edge's disk are sent like its own. What was appended survives the
 * process; only what was synced surely survives a power cut. Most batches are captured within milliseconds, so
 * syncing is a call of its own.
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
/** Records that billing does not accept are set aside here, one a file. */
export const REFUSED_FOLDER = 'refused'
/** No process appends to a file that is so old, so that others may remove it. */
export const FOREIGN_AFTER_MS = 60_000

export interface UsageSpool {
  /** Resolves when the records survive this process; rejects when the disk or the spool is full. */
  put(records: readonly UsageRecord[]): Promise<SpoolEntry>
  /** Resolves when the batch would survive a power cut, or is gone. */
  sync(entry: SpoolEntry): Promise<void>
  /** Files of other processes that wait, oldest first; with `olderThanMs`, those that have waited so long. */
  list(options?: { olderThanMs?: number | undefined }): Promise<SpoolEntry[]>
  /** What a batch holds; empty when another edge that shares the folder has sent and removed it. */
  read(entry: SpoolEntry): Promise<UsageRecord[]>
  /** Removes a batch, or a file of another process that is old enough; a younger one stays for now. */
  remove(entry: SpoolEntry): Promise<void>
  /** Sets a record aside, with the reason. */
  refuse(record: UsageRecord, reason: string): Promise<void>
  /** Records that were set aside, at most `max` of them, under the names for `accept`. */
  refused(max: number): Promise<{ name: string; records: UsageRecord[] }[]>
  /** Removes what was set aside: billing has captured it after all. */
  accept(name: string): Promise<void>
  /** How many records are set aside. */
  countRefused(): Promise<number>
  /** Closes this process's files; those in which nothing waits are removed. */
  close(): Promise<void>
}

export interface UsageSpoolDeps {
  folder: string
  /** The most that may wait here, in bytes. */
  bytesMax: number
  clock: Clock
  random: Random
  log: Log
}

export function usageSpool({ folder, bytesMax, clock, random, log }: UsageSpoolDeps): UsageSpool {
  const refusedFolder = join(folder, REFUSED_FOLDER)
  // Files of other processes that were listed, with their bytes.
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
    // The last line of a file that its process still appends to may be half there; it is read again later.
    damagedPaths.delete(path)
    if (damaged > 0) {
      damagedPaths.add(path)
      log.error({ path, damaged }, 'usage records in the spool cannot be read; the file is kept')
    }
    return records
  }
  const readFrom = async (path: string) =>
    parse((await readFile(path, 'utf8').catch(ifAbsent)) ?? '', path)
  // A damaged file is kept under another name: an operator may want to see what cannot be read.
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
      // Its process may live and append to it. It is sent again when it is old enough, and removed then.
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

/** Under another name until it is whole and synced, so that nobody reads half of it. */
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
