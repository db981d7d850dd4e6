import type { Language } from '../i18n/languages.ts'
import { loadMessages } from '../i18n/load-messages.ts'
import { ApiError } from './api-error.ts'
import { explainError } from './explain-error.ts'

/** An error that a `load` or an action threw, as SvelteKit's hooks see it. */
interface Caught {
  kind: 'app' | 'framework' | 'validation' | 'unknown'
  error: unknown
}

/** What the error page shows: `status` of HTTP, a sentence, and what an operator may ask for. */
export type PageError = Omit<App.Error, 'status'> & { status?: number }

/**
 * What any error says on the error page, in the person's language. A refusal of the gateway keeps its
 * status; a fault of our own tells nothing of itself.
 */
export async function toPageError(
  { kind, error }: Caught,
  language: Language,
): Promise<PageError | undefined> {
  // Thrown by `error(...)` with words of its own.
  if (kind === 'app') return undefined
  if (error instanceof ApiError) {
    const { sentence, requestId } = await explainError(error, language)
    const told = { status: statusOf(error), message: sentence, code: error.code }
    return requestId === undefined ? told : { ...told, requestId }
  }
  const messages = await loadMessages(language, 'errors')
  const isMissing = kind === 'framework' && statusIn(error) === 404
  return { message: isMissing ? messages.codes.not_found : messages.other }
}

// A gateway that is away or speaks nonsense is a bad gateway.
const statusOf = ({ status }: ApiError) => (status >= 400 && status <= 599 ? status : 502)

const statusIn = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
