/**
 * Usage records that could not be delivered wait in files, one JSON line a record, until they can be.
 * A file is synced when it is written and removed when all of it was delivered: a crash in between
 * delivers some records twice, which billing counts once.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { usageRecord } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import { z } from 'zod'

const FILE = /^\d{15}-[0-9a-f]{16}\.ndjson$/
const BATCH_MAX = 500

export interface UsageSpool {
  /** Resolves when the records would survive a crash. */
  put(records: readonly UsageRecord[]): Promise<void>
  /** Delivers what waits, oldest file first; stops at the first failure. Answers how many records left. */
  drain(deliver: (records: UsageRecord[]) => Promise<void>): Promise<number>
  /** How many files wait, those of an earlier life included. */
  waiting(): Promise<number>
}

export function usageSpool({
  folder,
  clock,
  random,
  log,
}: {
  folder: string
  clock: Clock
  random: Random
  log: Log
}): UsageSpool {
  const list = async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return (await readdir(folder)).filter((name) => FILE.test(name)).sort()
  }

  const drainFile = async (name: string, deliver: (records: UsageRecord[]) => Promise<void>) => {
    const path = join(folder, name)
    const { records, damaged } = parseLines(await readFile(path, 'utf8'))
    for (let start = 0; start < records.length; start += BATCH_MAX) {
      await deliver(records.slice(start, start + BATCH_MAX))
    }
    // Set aside, not thrown away: a person may want to see what cannot be read.
    if (damaged > 0) {
      log.error({ path, damaged }, 'usage records in the spool cannot be read; the file is kept')
      await rename(path, `${path}.damaged`)
    } else await rm(path)
    return records.length
  }

  return {
    async put(records) {
      if (records.length === 0) return
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const tag = Buffer.from(random.bytes(8)).toString('hex')
      const path = join(folder, `${String(clock.nowMs()).padStart(15, '0')}-${tag}.ndjson`)
      const lines = records.map((record) => `${JSON.stringify(z.encode(usageRecord, record))}\n`)
      // Under another name until it is whole and synced, so that a drain never reads half of it.
      const file = await open(`${path}.new`, 'w', 0o600)
      try {
        await file.writeFile(lines.join(''))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.new`, path)
      await syncFolder(folder)
    },
    async drain(deliver) {
      let delivered = 0
      for (const name of await list()) delivered += await drainFile(name, deliver)
      return delivered
    },
    waiting: async () => (await list()).length,
  }
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
