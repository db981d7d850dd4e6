/**
 * Usage records on disk, one JSON line a record, until billing has captured them. A file is complete and
 * synced before it gets its name, never changed afterwards, and removed once all of it was captured: a crash
 * in between sends some records twice, which billing counts once. So edges may share a folder, and files
 * that were copied into it from another edge's disk are sent like its own.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { usageRecordToWire } from '@sluice/contracts/usage-batch'
import type { UsageRecord } from '@sluice/contracts/usage-record'
import { usageRecord } from '@sluice/contracts/usage-record'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

const FILE = /^(\d{15})-[0-9a-f]{16}\.ndjson$/
/** Records that billing does not accept are set aside here, one a file. */
export const REFUSED_FOLDER = 'refused'

export interface UsageSpool {
  /** Resolves with the file's name when the records would survive a power cut; rejects when it is full. */
  put(records: readonly UsageRecord[]): Promise<string>
  /** Names of the files that wait, oldest first; with `olderThanMs`, those that have waited so long. */
  list(options?: { olderThanMs?: number | undefined }): Promise<string[]>
  /** What is in a file; empty when another edge that shares the folder has sent and removed it. */
  read(name: string): Promise<UsageRecord[]>
  remove(name: string): Promise<void>
  /** Sets a record aside, with the reason. */
  refuse(record: UsageRecord, reason: string): Promise<void>
  /** Records that were set aside, at most `max` of them, under the names for `accept`. */
  refused(max: number): Promise<{ name: string; records: UsageRecord[] }[]>
  /** Removes what was set aside: billing has captured it after all. */
  accept(name: string): Promise<void>
  /** How many records are set aside. */
  countRefused(): Promise<number>
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
  // By file; those of an earlier process are added when they are listed.
  const bytesOf = new Map<string, number>()
  let bytes = 0

  const count = (name: string, size: number) => {
    bytes += size - (bytesOf.get(name) ?? 0)
    bytesOf.set(name, size)
  }
  const forget = (name: string) => {
    bytes -= bytesOf.get(name) ?? 0
    bytesOf.delete(name)
  }
  const newName = () => {
    const tag = Buffer.from(random.bytes(8)).toString('hex')
    return `${String(clock.nowMs()).padStart(15, '0')}-${tag}.ndjson`
  }
  const namesIn = async (place: string) => {
    const names = (await readdir(place).catch(ifAbsent)) ?? []
    return names.filter((name) => FILE.test(name)).sort()
  }

  const damagedPaths = new Set<string>()
  const readFrom = async (path: string) => {
    const text = await readFile(path, 'utf8').catch(ifAbsent)
    if (text === undefined) return []
    const { records, damaged } = parseLines(text)
    if (damaged > 0) {
      damagedPaths.add(path)
      log.error({ path, damaged }, 'usage records in the spool cannot be read; the file is kept')
    }
    return records
  }
  // A damaged file is kept under another name: an operator may want to see what cannot be read.
  const removeFrom = async (path: string) => {
    if (damagedPaths.delete(path)) await rename(path, `${path}.damaged`).catch(ifAbsent)
    else await rm(path, { force: true })
  }

  return {
    async put(records) {
      const text = toLines(records)
      if (bytes + text.length > bytesMax)
        throw new AppError('unavailable', `The usage spool is full: ${bytes} bytes wait in it.`)
      const name = await writeFileSynced(folder, { name: newName(), text })
      count(name, text.length)
      return name
    },
    async list({ olderThanMs } = {}) {
      const until = olderThanMs === undefined ? Infinity : clock.nowMs() - olderThanMs
      const names = (await namesIn(folder)).filter((name) => writtenAtMs(name) <= until)
      for (const name of names) {
        if (bytesOf.has(name)) continue
        const found = await stat(join(folder, name)).catch(ifAbsent)
        if (found) count(name, found.size)
      }
      return names
    },
    read: (name) => readFrom(join(folder, name)),
    async remove(name) {
      await removeFrom(join(folder, name))
      forget(name)
    },
    async refuse(record, reason) {
      const line = JSON.stringify({ ...usageRecordToWire(record), refusedBecause: reason })
      await writeFileSynced(refusedFolder, { name: newName(), text: `${line}\n` })
    },
    async refused(max) {
      const names = (await namesIn(refusedFolder)).slice(0, max)
      return Promise.all(
        names.map(async (name) => ({ name, records: await readFrom(join(refusedFolder, name)) })),
      )
    },
    accept: (name) => removeFrom(join(refusedFolder, name)),
    countRefused: async () => (await namesIn(refusedFolder)).length,
  }
}

const toLines = (records: readonly UsageRecord[]) =>
  records.map((record) => `${JSON.stringify(usageRecordToWire(record))}\n`).join('')

const writtenAtMs = (name: string) => Number(FILE.exec(name)?.[1])

/** Under another name until it is whole and synced, so that nobody reads half of it. */
async function writeFileSynced(folder: string, { name, text }: { name: string; text: string }) {
  const path = join(folder, name)
  const create = () => open(`${path}.new`, 'w', 0o600)
  const file = await create().catch(async (error: unknown) => {
    if (!isAbsent(error)) throw error
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return create()
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncFolder(folder)
  return name
}

// A renamed file survives a power cut only once its folder is synced.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const isAbsent = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'

function ifAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error
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
