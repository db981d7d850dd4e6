import { errorCodes } from '@sluice/kernel/error-codes'

import type { RequestRecord } from '../http/request.ts'

/** The caller disconnected; not a failure. */
export const CALLER_LEFT = 'caller_gone'
/** A task was accepted: the duration does not include generating its pictures. */
export const ACCEPTED_STATUS = 202

/** Error codes of failures in the gateway or an upstream. */
export const serverFaults: readonly string[] = Object.entries(errorCodes)
  .filter(([, { status }]) => status >= 500)
  .map(([code]) => code)

type Row = Pick<RequestRecord, 'errorCode' | 'status' | 'taskId'>

/**
 * A failure from the caller's point of view. A request that became an image task fails when the task does,
 * possibly long after the response: that is counted in the task store, not here.
 */
export const hasFailed = ({ errorCode, taskId }: Row) =>
  errorCode !== null && errorCode !== CALLER_LEFT && taskId === null

/** A failure that the caller did not cause. */
export const isServerFault = ({ errorCode }: Row) =>
  errorCode !== null && serverFaults.includes(errorCode)

/** Answered successfully with the full result. */
export const isGoodAnswer = ({ errorCode, status }: Row) =>
  errorCode === null && status !== ACCEPTED_STATUS
