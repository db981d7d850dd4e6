import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { BatchSender } from '@sluice/service-kit/batch-sender'
import { createBatchSender } from '@sluice/service-kit/batch-sender'

import type { RequestRecord } from '../http/request.ts'
import type { RequestLogStore } from '../store/request-log-store.ts'

/** Batched, because a write per request would be the only query on the chat path. */
const ROWS = { name: 'request log', batchMax: 1_000, waitingMax: 20_000, waitMs: 5_000 }

/** Buffers rows of the request log and appends them in batches, off the caller's path. */
export const requestLog = ({
  store,
  clock,
  log,
}: {
  store: Pick<RequestLogStore, 'append'>
  clock: Clock
  log: Log
}): BatchSender<RequestRecord> =>
  createBatchSender({ ...ROWS, send: (rows: RequestRecord[]) => store.append(rows), clock, log })
