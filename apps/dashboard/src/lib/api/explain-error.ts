import type { AreaMessages } from '../i18n/areas.ts'
import { createFormat } from '../format.ts'
import type { Language } from '../i18n/languages.ts'
import { loadMessages } from '../i18n/load-messages.ts'
import { ApiError } from './api-error.ts'

/** An error as it is told to a person. */
export interface Explained {
  /** What happened, and what to do. */
  sentence: string
  /** To give to an operator; undefined when the gateway never saw the request. */
  requestId: string | undefined
}

/**
 * Any error as a sentence in the person's language. The words are fetched when the first error is
 * told; where even that fails, the error's own message is all there is.
 */
export async function explainError(error: unknown, language: Language): Promise<Explained> {
  try {
    return explainWith(await loadMessages(language, 'errors'), { error, language })
  } catch {
    const sentence = error instanceof Error ? error.message : String(error)
    return { sentence, requestId: error instanceof ApiError ? error.requestId : undefined }
  }
}

/** The same with words at hand: for form actions, and for pages that have loaded them. */
export function explainWith(
  messages: AreaMessages<'errors'>,
  { error, language }: { error: unknown; language: Language },
): Explained {
  if (!(error instanceof ApiError)) return { sentence: messages.other, requestId: undefined }
  const sentence = sentenceOf(messages, { error, language })
  // Of use to an operator who looks for a fault; beside a wrong password it is noise.
  const isFault = error.status >= 500 || !isTold(messages, error.code)
  return { sentence, requestId: isFault ? error.requestId : undefined }
}

interface Told {
  error: ApiError
  language: Language
}

function sentenceOf(messages: AreaMessages<'errors'>, { error, language }: Told): string {
  if (error.code === 'rate_limit_exceeded' || error.code === 'too_many_attempts') {
    if (error.retryAfterMs === undefined) return messages.rateLimited
    const format = createFormat({ language, zone: 'UTC' })
    return messages.rateLimitedFor(format.duration(Math.max(1_000, error.retryAfterMs)))
  }
  if (isTold(messages, error.code)) return messages.codes[error.code]
  return messages.other
}

type Codes = AreaMessages<'errors'>['codes']

const isTold = (messages: AreaMessages<'errors'>, code: string): code is keyof Codes =>
  Object.hasOwn(messages.codes, code)
