import type { AreaMessages } from '../i18n/areas.ts'
import { createFormat } from '../format.ts'
import type { Language } from '../i18n/languages.ts'
import { loadMessages } from '../i18n/load-messages.ts'
import { ApiError } from './api-error.ts'

/** An error as it is shown to a user. */
export interface Explained {
  /** What happened and what to do. */
  sentence: string
  /** For operators; undefined when the gateway did not receive the request. */
  requestId: string | undefined
}

/**
 * Any error as a sentence in the user's language. The messages are fetched when the first error is shown;
 * if that fails, the error's own message is used.
 */
export async function explainError(error: unknown, language: Language): Promise<Explained> {
  try {
    return explainWith(await loadMessages(language, 'errors'), { error, language })
  } catch {
    const sentence = error instanceof Error ? error.message : String(error)
    return { sentence, requestId: error instanceof ApiError ? error.requestId : undefined }
  }
}

/** The same with loaded messages: for form actions, and for pages that have loaded them. */
export function explainWith(
  messages: AreaMessages<'errors'>,
  { error, language }: { error: unknown; language: Language },
): Explained {
  if (!(error instanceof ApiError)) return { sentence: messages.other, requestId: undefined }
  const sentence = sentenceOf(messages, { error, language })
  // Useful for finding a fault; not shown for refusals such as a wrong password.
  const isFault = error.status >= 500 || !hasMessage(messages, error.code)
  return { sentence, requestId: isFault ? error.requestId : undefined }
}

interface Source {
  error: ApiError
  language: Language
}

function sentenceOf(messages: AreaMessages<'errors'>, { error, language }: Source): string {
  if (error.code === 'rate_limit_exceeded' || error.code === 'too_many_attempts') {
    if (error.retryAfterMs === undefined) return messages.rateLimited
    const format = createFormat({ language, zone: 'UTC' })
    return messages.rateLimitedFor(format.duration(Math.max(1_000, error.retryAfterMs)))
  }
  if (hasMessage(messages, error.code)) return messages.codes[error.code]
  return messages.other
}

type Codes = AreaMessages<'errors'>['codes']

const hasMessage = (messages: AreaMessages<'errors'>, code: string): code is keyof Codes =>
  Object.hasOwn(messages.codes, code)
