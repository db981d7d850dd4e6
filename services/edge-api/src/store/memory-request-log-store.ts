import type { RequestRecord } from '../request.ts'
import { hasFailed, isGoodAnswer, isServerFault } from './log-meaning.ts'
import type {
  LoggedCount,
  LogStretch,
  Percentiles,
  RequestLogStore,
  Stretch,
} from './request-log-store.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** The twin for tests. */
export function memoryRequestLogStore(): RequestLogStore & { rows: () => RequestRecord[] } {
  let kept = new Map<string, RequestRecord>()
  const rows = () => [...kept.values()]
  const within = ({ from, until }: Stretch, atMs: number) =>
    atMs >= from.getTime() && atMs < until.getTime()
  const ofWallet = ({ wallet, ...stretch }: LogStretch) =>
    rows().filter((row) => row.wallet === wallet && within(stretch, row.receivedAtMs))

  return {
    rows,
    append: async (more) => {
      for (const row of more) {
        const key = `${row.receivedAtMs} ${row.requestId}`
        if (!kept.has(key)) kept.set(key, row)
      }
    },
    openPartitions: async () => undefined,
    dropPartitions: async (before) => {
      const firstKeptMs = Math.floor(before.getTime() / DAY_MS) * DAY_MS
      const left = [...kept].filter(([, row]) => row.receivedAtMs >= firstKeptMs)
      const dropped =
        new Set(rows().map(dayOf)).size - new Set(left.map(([, row]) => dayOf(row))).size
      kept = new Map(left)
      return dropped
    },
    countByDay: async ({ apiKeyId, model, rowsMax, ...stretch }) => {
      const asked = ofWallet(stretch).filter(
        (row) =>
          (apiKeyId === undefined || row.apiKeyId === apiKeyId) &&
          (model === undefined || row.model === model),
      )
      const groups = Map.groupBy(asked, (row) => `${dayOf(row)} ${row.model ?? ''}`)
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
      const asked = rows().filter((row) => within(between, row.receivedAtMs))
      const minutes = Map.groupBy(asked, (row) => Math.floor(row.receivedAtMs / MINUTE_MS))
      return [...minutes]
        .sort(([a], [b]) => a - b)
        .map(([minute, group]) => ({ at: new Date(minute * MINUTE_MS), ...countOf(group) }))
    },
    countEnded: async ({ lookBackMs, ...between }) => {
      const arrivedFromMs = between.from.getTime() - lookBackMs
      const asked = rows().filter(
        ({ receivedAtMs, durationMs }) =>
          receivedAtMs >= arrivedFromMs && within(between, receivedAtMs + Math.round(durationMs)),
      )
      return countOf(asked)
    },
  }
}

const dayOf = ({ receivedAtMs }: RequestRecord) => new Date(receivedAtMs).toISOString().slice(0, 10)

const countOf = (rows: readonly RequestRecord[]): LoggedCount => ({
  requests: rows.length,
  failures: rows.filter(isServerFault).length,
})

/** As PostgreSQL's percentile_disc: the first value at or above which so large a share lies. */
function percentilesOf(rows: readonly RequestRecord[]): Percentiles {
  const sorted = rows.map(({ durationMs }) => Math.round(durationMs)).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
  return { p50Ms: at(0.5), p95Ms: at(0.95) }
}
