import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import { renewClaims } from '../admit/claim-answer.ts'
import type { ChatContext } from '../chat-context.ts'
import { LOG_RETENTION_MS } from '../store/request-log-store.ts'
import type { Identity } from '../identity/identity.ts'

const ALLOWANCES_EVERY_MS = 5_000
const CLAIMS_EVERY_MS = 20_000
const PRUNE_EVERY_MS = 600_000
const HOLD_RETURNS_EVERY_MS = 1_000
const QUOTAS_EVERY_MS = 2_000
const QUOTA_LEFTOVERS_EVERY_MS = 30_000
const PRUNE_BATCH = 1_000
const PARTITIONS_EVERY_MS = 3_600_000

/** What happens by time: leases of money and claims, quotas, old answers and sessions, partitions of the log. */
export function startBackgroundTasks(
  context: ChatContext,
  identity: Pick<Identity, 'prune'>,
): () => Promise<void> {
  const { allowances, gateway, running } = context
  const { quotas } = gateway
  const { clock, log, answerStore, requestLogStore } = gateway.deps
  const openPartitions = () => requestLogStore.openPartitions(clock.now())
  const jobs: Chore[] = [
    { name: 'allowances', everyMs: ALLOWANCES_EVERY_MS, run: () => allowances.backgroundTasks() },
    {
      name: 'claims',
      everyMs: CLAIMS_EVERY_MS,
      run: () => renewClaims({ answerStore, clock }, { holders: running.claims }),
    },
    {
      name: 'answers',
      everyMs: PRUNE_EVERY_MS,
      run: async () => {
        while ((await answerStore.prune({ now: clock.now(), limit: PRUNE_BATCH })) === PRUNE_BATCH);
      },
    },
    {
      name: 'hold returns',
      everyMs: HOLD_RETURNS_EVERY_MS,
      run: () => gateway.holdReturns.backgroundTasks(),
    },
    { name: 'quotas', everyMs: QUOTAS_EVERY_MS, run: () => quotas.backgroundTasks() },
    {
      name: 'quota leftovers',
      everyMs: QUOTA_LEFTOVERS_EVERY_MS,
      run: () => quotas.reconcile(),
    },
    { name: 'quota rows', everyMs: PRUNE_EVERY_MS, run: () => quotas.prune() },
    { name: 'sessions', everyMs: PRUNE_EVERY_MS, run: () => identity.prune() },
    {
      name: 'partitions',
      everyMs: PARTITIONS_EVERY_MS,
      run: async () => {
        await openPartitions()
        await requestLogStore.dropPartitions(new Date(clock.nowMs() - LOG_RETENTION_MS))
      },
    },
  ]
  const stops = jobs.map((chore) => repeat(chore, { clock, log }))
  void openPartitions().catch((err: unknown) => log.warn({ err }, 'partitions were not opened'))
  return async () => void (await Promise.all(stops.map((stop) => stop())))
}

interface Chore {
  name: string
  everyMs: number
  run: () => Promise<void>
}

/** Runs a chore again and again, never twice at once; a failure waits for the next time. */
function repeat(
  { name, everyMs, run }: Chore,
  { clock, log }: { clock: Clock; log: Log },
): () => Promise<void> {
  let flight: Promise<void> | undefined
  const runOnce = async () => {
    try {
      await run()
    } catch (err) {
      log.warn({ err, chore: name }, 'upkeep failed, and is tried again')
    }
  }
  const stop = clock.every(everyMs, () => {
    flight ??= runOnce().finally(() => (flight = undefined))
  })
  return async () => {
    stop()
    await flight
  }
}
