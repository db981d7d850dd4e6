import type { ErrorCode } from '@sluice/kernel/error-codes'

/** The gateway's codes, plus: the gateway was unreachable, or its response is not in the expected format. */
export type ApiErrorCode = ErrorCode | 'network' | 'unreadable'

export interface ApiErrorFacts {
  code: ApiErrorCode
  /** HTTP status; 0 when there was no response. */
  status: number
  /** The invalid field, by its name in the API. */
  param?: string | undefined
  requestId?: string | undefined
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** A refusal of the gateway, or the reason why it was unreachable. `explainError` turns it into text. */
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

/** The error of a response that is not ok. Reads its body; never rejects. */
export async function readApiError(answer: Response): Promise<ApiError> {
  const { status, headers } = answer
  const envelope = envelopeOf(await readJson(answer))
  const code = envelope.code === undefined ? byStatus(status) : asCode(envelope.code)
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return new ApiError(envelope.message ?? `The gateway answered ${status}.`, {
    code,
    status,
    param: envelope.param,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  })
}

// A code of another release is treated as an unknown error. The table of all codes is not imported, to keep it
// out of the browser.
const asCode = (code: string) => code as ErrorCode

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json()
  } catch {
    return undefined
  }
}

// A proxy in front of the gateway may respond in its own format.
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
