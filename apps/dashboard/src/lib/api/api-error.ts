import type { ErrorCode } from '@sluice/kernel/error-codes'

/** Beside the gateway's own codes: it was not reached, or its answer is not one of ours. */
export type ApiErrorCode = ErrorCode | 'network' | 'unreadable'

export interface ApiErrorFacts {
  code: ApiErrorCode
  /** Of HTTP; 0 when there was no answer. */
  status: number
  /** The field that is wrong, as the wire spells it. */
  param?: string | undefined
  requestId?: string | undefined
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** What the gateway refused, or why it could not be asked. `explainError` tells it to people. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly status: number
  readonly param: string | undefined
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(message: string, facts: ApiErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = facts.code
    this.status = facts.status
    this.param = facts.param
    this.requestId = facts.requestId
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** The error of an answer that is not a good one. Reads its body; never rejects. */
export async function readApiError(answer: Response): Promise<ApiError> {
  const { status, headers } = answer
  const said = envelopeOf(await readJson(answer))
  const code = said.code === undefined ? byStatus(status) : asCode(said.code)
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return new ApiError(said.message ?? `The gateway answered ${status}.`, {
    code,
    status,
    param: said.param,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  })
}

// The gateway's codes are closed, and one of another release is told as any unknown error; the table
// itself, with what each code means, stays out of the browser.
const asCode = (code: string) => code as ErrorCode

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json()
  } catch {
    return undefined
  }
}

// Something between us and the gateway may answer in its own words.
function byStatus(status: number): ApiErrorCode {
  if (status === 429) return 'rate_limit_exceeded'
  if (status === 413) return 'body_too_large'
  if (status >= 502 && status <= 504) return 'unavailable'
  return 'unreadable'
}

function envelopeOf(body: unknown): { code?: string; message?: string; param?: string } {
  const error = member(body, 'error')
  const texts = (['code', 'message', 'param'] as const).flatMap((name) => {
    const value = member(error, name)
    return typeof value === 'string' ? [[name, value]] : []
  })
  return Object.fromEntries(texts)
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
