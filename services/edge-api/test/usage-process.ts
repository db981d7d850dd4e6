import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { sampleUsageRecord } from '@sluice/contracts/testing/sample-usage-record'
import { AppError } from '@sluice/kernel/app-error'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { afterEach, beforeEach } from 'vitest'

import { usageOutbox } from '../src/usage/usage-outbox.ts'
import type { UsageSpool } from '../src/usage/usage-spool.ts'
import { usageSpool } from '../src/usage/usage-spool.ts'

export const id = (prefix: string, n: number) => `${prefix}_${String(n).padStart(32, '0')}`
export const record = (n: number, allowance = 1) =>
  sampleUsageRecord({
    requestId: id('req', n),
    allowanceId: id('alw', allowance),
    model: 'm "quoted"\n',
    // Short: a full batch of records fits into the spool of 100 000 bytes that tests set.
    priceId: 'p',
    usage: { kind: 'tokens', input: 3, cachedInput: 0, output: n },
    reservedMicro: 9_007_199_254_740_993n,
  })

const unavailable = () => new AppError('unavailable', 'billing is unavailable')

/** An edge's usage outbox with a spool in `folder/spool`, and a billing controlled by `state`. */
export function usageProcess(folder: string, { seed = 1, spoolFirst = true, bytesMax = 1e9 } = {}) {
  const clock = fakeClock()
  const log = recordedLog()
  const state = {
    unavailable: false,
    /** Calls of captureUsage wait for this promise, and then capture. */
    hang: undefined as Promise<void> | undefined,
    refuses: undefined as ((record: UsageRecord) => AppError | undefined) | undefined,
    losesAnswer: false,
    calls: 0,
    synced: [] as string[],
    captured: [] as UsageRecord[],
  }
  const files = usageSpool({
    folder: join(folder, 'spool'),
    bytesMax,
    clock,
    random: seededRandom(seed),
    log,
  })
  const spool: UsageSpool = {
    ...files,
    sync: async (entry) => {
      await files.sync(entry)
      state.synced.push(entry.file)
    },
  }
  const outbox = usageOutbox({
    billing: {
      captureUsage: async ({ records }) => {
        state.calls += 1
        await state.hang
        if (state.unavailable) throw unavailable()
        for (const record of records) {
          const refusal = state.refuses?.(record)
          if (refusal) throw refusal
        }
        state.captured.push(...records)
        if (state.losesAnswer) throw unavailable()
        return { captured: records.length, duplicates: 0, capturedMicro: 0n, receivableMicro: 0n }
      },
    },
    spool,
    spoolFirst,
    clock,
    log,
  })
  /** Advances the clock, then runs turns of the event loop until `isDone`. */
  const settle = async (ms: number, isDone: () => boolean | Promise<boolean> = () => true) => {
    await clock.advance(ms)
    for (let turn = 0; turn < 1_000_000 && !(await isDone()); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  /** The number of lines in all files of the spool. */
  const lines = async () => {
    const names = await readdir(join(folder, 'spool')).catch(() => [])
    const texts = names
      .filter((name) => name.endsWith('.ndjson'))
      .map((name) => readFile(join(folder, 'spool', name), 'utf8').catch(() => ''))
    return (await Promise.all(texts)).join('').split('\n').length - 1
  }
  const isSpooled = async () => (await lines()) > 0
  const isEmpty = async () => (await lines()) === 0
  const has = (count: number) => () => state.captured.length >= count
  return { clock, log, state, spool, outbox, settle, lines, isSpooled, isEmpty, has }
}

/** Gives each test of a file its own folder, and closes the files of its processes afterwards. */
export function usageFolder() {
  let folder = ''
  const processes: ReturnType<typeof usageProcess>[] = []
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'usage-'))))
  afterEach(async () => {
    await Promise.all(processes.splice(0).map(({ spool }) => spool.close()))
    await rm(folder, { recursive: true, force: true })
  })
  return {
    path: (...names: string[]) => join(folder, ...names),
    start(options?: Parameters<typeof usageProcess>[1]) {
      const one = usageProcess(folder, options)
      processes.push(one)
      return one
    },
  }
}

export const requestsOf = (records: readonly UsageRecord[]): string[] =>
  records.map(({ requestId }) => requestId)
