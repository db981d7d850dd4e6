import { errorCodes } from '@sluice/kernel/error-codes'

import type { RequestRecord } from '../request.ts'

/** Who left got what they waited for no longer; nobody failed. */
export const CALLER_LEFT = 'caller_gone'
/** A task that was accepted: says nothing about how long its pictures took. */
export const ACCEPTED_STATUS = 202

/** Codes of failures that are ours or an upstream's. */
export const serverFaults: readonly string[] = Object.entries(errorCodes)
  .filter(([, { status }]) => status >= 500)
  .map(([code]) => code)

type Row = Pick<RequestRecord, 'errorCode' | 'status' | 'taskId'>

/**
 * Failed, as the one who asked sees it. What became an image task fails by the task's end, which may come
 * long after the answer: that is counted where tasks are kept, and not here.
 */
export const hasFailed = ({ errorCode, taskId }: Row) =>
  errorCode !== null && errorCode !== CALLER_LEFT && taskId === null

/** Failed, and not through the caller. */
export const isServerFault = ({ errorCode }: Row) =>
  errorCode !== null && serverFaults.includes(errorCode)

/** Answered with what was asked for. */
export const isGoodAnswer = ({ errorCode, status }: Row) =>
  errorCode === null && status !== ACCEPTED_STATUS
