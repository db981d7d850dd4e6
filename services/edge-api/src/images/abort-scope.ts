import type { ServerResponse } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import { callerGone } from './write-pieces.ts'

/** How long a caller waits: until they leave, or until we tell them not to. */
export interface AbortScope {
  /** Aborts with the AppError to throw. */
  readonly signal: AbortSignal
  /** From now on, at most so long. The reason says what to do instead of waiting. */
  limit(ms: number, reason: AppError): void
  /** Frees what listens; call it when the request has ended. */
  end(): void
}

/** Begins with the request; `caller_gone` is its reason when the connection closes before the answer is out. */
export function createAbortScope(
  { clock }: { clock: Clock },
  outgoing: ServerResponse,
): AbortScope {
  const controller = new AbortController()
  let cancel: (() => void) | undefined
  const leave = () => controller.abort(callerGone())
  if (outgoing.closed) leave()
  outgoing.once('close', leave)
  return {
    signal: controller.signal,
    limit: (ms, reason) => {
      cancel?.()
      cancel = clock.after(Math.max(0, ms), () => controller.abort(reason))
    },
    end: () => {
      cancel?.()
      outgoing.off('close', leave)
      controller.abort(callerGone())
    },
  }
}

/** Names the task that goes on; SDKs do not repeat it. */
export const stillGenerating = (taskId: string): AppError =>
  new AppError(
    'sync_wait_exceeded',
    `The picture is still being drawn. Read GET /v1/images/tasks/${taskId} for it.`,
    { details: { task_id: taskId } },
  )
