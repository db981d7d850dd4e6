import type { Language } from '../i18n/languages.ts'
import { loadMessages } from '../i18n/load-messages.ts'
import { ApiError } from './api-error.ts'
import { explainError } from './explain-error.ts'

/** An error thrown by a `load` or an action, as SvelteKit passes it to hooks. */
interface Caught {
  kind: 'app' | 'framework' | 'validation' | 'unknown'
  error: unknown
}

/** What the error page shows: HTTP status, a sentence, and the code and request id. */
export type PageError = Omit<App.Error, 'status'> & { status?: number }

/**
 * An error as the error page shows it, in the user's language. A refusal of the gateway keeps its status; an
 * error of the panel reveals no details.
 */
export async function toPageError(
  { kind, error }: Caught,
  language: Language,
): Promise<PageError | undefined> {
  // Thrown by `error(...)` with its own message.
  if (kind === 'app') return undefined
  if (error instanceof ApiError) {
    const { sentence, requestId } = await explainError(error, language)
    const shown = { status: statusOf(error), message: sentence, code: error.code }
    return requestId === undefined ? shown : { ...shown, requestId }
  }
  const messages = await loadMessages(language, 'errors')
  const isMissing = kind === 'framework' && statusIn(error) === 404
  return { message: isMissing ? messages.codes.not_found : messages.other }
}

// 502 for a gateway that is unavailable or sends an invalid response.
const statusOf = ({ status }: ApiError) => (status >= 400 && status <= 599 ? status : 502)

const statusIn = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
