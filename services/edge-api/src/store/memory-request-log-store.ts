import type { RequestRecord } from '../http/request.ts'
import { hasFailed, isGoodAnswer, isServerFault } from './request-outcome.ts'
import type {
  LoggedCount,
  WalletTimeRange,
  Percentiles,
  RequestLogStore,
  TimeRange,
} from './request-log-store.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** In-memory implementation for tests. */
export function memoryRequestLogStore(): RequestLogStore & { rows: () => RequestRecord[] } {
  let stored = new Map<string, RequestRecord>()
  const rows = () => [...stored.values()]
  const within = ({ from, until }: TimeRange, atMs: number) =>
    atMs >= from.getTime() && atMs < until.getTime()
  const ofWallet = ({ wallet, ...range }: WalletTimeRange) =>
    rows().filter((row) => row.wallet === wallet && within(range, row.receivedAtMs))

  return {
    rows,
    append: async (more) => {
      for (const row of more) {
        const key = `${row.receivedAtMs} ${row.requestId}`
        if (!stored.has(key)) stored.set(key, row)
      }
    },
    openPartitions: async () => undefined,
    dropPartitions: async (before) => {
      const firstRetainedMs = Math.floor(before.getTime() / DAY_MS) * DAY_MS
      const left = [...stored].filter(([, row]) => row.receivedAtMs >= firstRetainedMs)
      const dropped =
        new Set(rows().map(dayOf)).size - new Set(left.map(([, row]) => dayOf(row))).size
      stored = new Map(left)
      return dropped
    },
    countByDay: async ({ apiKeyId, model, rowsMax, ...range }) => {
      const matching = ofWallet(range).filter(
        (row) =>
          (apiKeyId === undefined || row.apiKeyId === apiKeyId) &&
          (model === undefined || row.model === model),
      )
      const groups = Map.groupBy(matching, (row) => `${dayOf(row)} ${row.model ?? ''}`)
      return [...groups].slice(0, rowsMax).map(([key, group]) => ({
        day: key.slice(0, 10),
        model: key.slice(11),
        requests: group.length,
        failures: group.filter(hasFailed).length,
      }))
    },
    readLatency: async (query) => {
      const good = ofWallet(query).filter(isGoodAnswer)
      const days = [...Map.groupBy(good, dayOf)].sort(([a], [b]) => (a < b ? -1 : 1))
      return {
        ...percentilesOf(good),
        days: days.map(([day, group]) => ({ day, ...percentilesOf(group) })),
      }
    },
    hasRequests: async (wallet) => rows().some((row) => row.wallet === wallet),
    countByMinute: async (between) => {
      const matching = rows().filter((row) => within(between, row.receivedAtMs))
      const minutes = Map.groupBy(matching, (row) => Math.floor(row.receivedAtMs / MINUTE_MS))
      return [...minutes]
        .sort(([a], [b]) => a - b)
        .map(([minute, group]) => ({ at: new Date(minute * MINUTE_MS), ...countOf(group) }))
    },
    countEnded: async ({ lookBackMs, ...between }) => {
      const arrivedFromMs = between.from.getTime() - lookBackMs
      const ended = rows().filter(
        ({ receivedAtMs, durationMs }) =>
          receivedAtMs >= arrivedFromMs && within(between, receivedAtMs + Math.round(durationMs)),
      )
      return countOf(ended)
    },
  }
}

const dayOf = ({ receivedAtMs }: RequestRecord) => new Date(receivedAtMs).toISOString().slice(0, 10)

const countOf = (rows: readonly RequestRecord[]): LoggedCount => ({
  requests: rows.length,
  failures: rows.filter(isServerFault).length,
})

/** Like PostgreSQL's percentile_disc: the first value whose cumulative share reaches `share`. */
function percentilesOf(rows: readonly RequestRecord[]): Percentiles {
  const sorted = rows.map(({ durationMs }) => Math.round(durationMs)).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
  return { p50Ms: at(0.5), p95Ms: at(0.95) }
}
