import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import { renewClaims } from '../limits/claim-answer.ts'
import type { ChatContext } from '../gateway/chat-context.ts'
import { LOG_RETENTION_MS } from '../store/request-log-store.ts'
import type { Identity } from '../identity/identity.ts'

const ALLOWANCES_EVERY_MS = 5_000
const CLAIMS_EVERY_MS = 20_000
const PRUNE_EVERY_MS = 600_000
const HOLD_RETURNS_EVERY_MS = 1_000
const QUOTAS_EVERY_MS = 2_000
const RECONCILE_QUOTAS_EVERY_MS = 30_000
const PRUNE_BATCH = 1_000
const PARTITIONS_EVERY_MS = 3_600_000

/**
 * Starts the periodic tasks: leases of allowances and claims, quotas, pruning, partitions of the request log.
 */
export function startBackgroundTasks(
  context: ChatContext,
  identity: Pick<Identity, 'prune'>,
): () => Promise<void> {
  const { allowances, gateway, running } = context
  const { quotas } = gateway
  const { clock, log, answerStore, requestLogStore } = gateway.deps
  const openPartitions = () => requestLogStore.openPartitions(clock.now())
  const tasks: Task[] = [
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
      name: 'quota reconciliation',
      everyMs: RECONCILE_QUOTAS_EVERY_MS,
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
  const stops = tasks.map((task) => repeat(task, { clock, log }))
  void openPartitions().catch((err: unknown) => log.warn({ err }, 'partitions were not opened'))
  return async () => void (await Promise.all(stops.map((stop) => stop())))
}

interface Task {
  name: string
  everyMs: number
  run: () => Promise<void>
}

/** Runs a task periodically, never concurrently with itself; a failed run is retried at the next interval. */
function repeat(
  { name, everyMs, run }: Task,
  { clock, log }: { clock: Clock; log: Log },
): () => Promise<void> {
  let flight: Promise<void> | undefined
  const runOnce = async () => {
    try {
      await run()
    } catch (err) {
      log.warn({ err, task: name }, 'a background task failed and will be retried')
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
