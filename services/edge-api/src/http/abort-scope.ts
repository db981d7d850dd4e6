import type { ServerResponse } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import { callerGone } from './write-pieces.ts'

/**
 * Limits how long a request is waited for: until the caller disconnects, or until a limit that is set later.
 */
export interface AbortScope {
  /** Aborts with the AppError to throw. */
  readonly signal: AbortSignal
  /**
   * Replaces the wait limit. After `ms` the signal aborts with `reason`, which names the alternative to
   * waiting.
   */
  limit(ms: number, reason: AppError): void
  /** Removes listeners and timers; call it when the request has ended. */
  end(): void
}

/**
 * Starts with the request; aborts with `caller_gone` when the connection closes before the answer is
 * complete.
 */
export function createAbortScope(
  { clock }: { clock: Clock },
  outgoing: ServerResponse,
): AbortScope {
  const controller = new AbortController()
  let cancel: (() => void) | undefined
  const abort = () => controller.abort(callerGone())
  if (outgoing.closed) abort()
  outgoing.once('close', abort)
  return {
    signal: controller.signal,
    limit: (ms, reason) => {
      cancel?.()
      cancel = clock.after(Math.max(0, ms), () => controller.abort(reason))
    },
    end: () => {
      cancel?.()
      outgoing.off('close', abort)
      controller.abort(callerGone())
    },
  }
}

/** Not retryable: names the task, which continues. */
export const stillGenerating = (taskId: string): AppError =>
  new AppError(
    'sync_wait_exceeded',
    `The picture is still being generated. Read GET /v1/images/tasks/${taskId} for it.`,
    { details: { task_id: taskId } },
  )
