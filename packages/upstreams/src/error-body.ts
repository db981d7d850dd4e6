import { z } from 'zod'

import { parseJson } from './parse-json.ts'

/** What an upstream says of a failure, as far as it says it in a form we know. */
export interface ErrorBody {
  /** Lower-case. */
  code: string | undefined
  /** Lower-case. */
  type: string | undefined
  message: string | undefined
  /** False for HTML, for nothing, and for JSON of another shape. */
  recognised: boolean
}

const MESSAGE_CHARS_MAX = 500

const word = z.union([z.string(), z.number()]).nullish().catch(undefined)
const facts = z.looseObject({ code: word, type: word, message: word })
const envelope = z.union([
  z.looseObject({ error: facts }),
  z.looseObject({ error: z.string() }).transform(({ error }) => ({ error: { message: error } })),
  // `{"type":"error","code","message"}`, and gateways that answer the facts bare.
  facts.refine(({ message }) => message !== undefined).transform((error) => ({ error })),
])

/** Reads the body of a failed answer: OpenAI's envelope, and the shapes that look-alikes send instead. */
export function readErrorBody(text: string): ErrorBody {
  return readErrorObject(parseJson(text))
}

/** The same for JSON that is parsed already, such as an event of a stream. */
export function readErrorObject(value: unknown): ErrorBody {
  const parsed = envelope.safeParse(value)
  if (!parsed.success) return nothing
  const error: z.input<typeof facts> = parsed.data.error
  return {
    code: text(error.code)?.toLowerCase(),
    type: text(error.type)?.toLowerCase(),
    message: text(error.message),
    recognised: true,
  }
}

const nothing: ErrorBody = {
  code: undefined,
  type: undefined,
  message: undefined,
  recognised: false,
}

/**
 * An upstream's message in a form that may be shown to a caller: one line, of bounded length, without
 * keys and names of organisations, which upstreams like to repeat.
 */
export function shownMessage(message: string): string {
  return (
    message
      .slice(0, MESSAGE_CHARS_MAX * 4)
      // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
      .replaceAll(/\b(sk|sess|org|proj|user|key|req)[-_][A-Za-z0-9_*.-]{6,}/g, '[removed]')
      .replaceAll(/\bBearer\s+\S+/gi, '[removed]')
      .slice(0, MESSAGE_CHARS_MAX)
      .trim()
  )
}

const SECRET_CHARS_MIN = 8

/**
 * What an upstream says, without the secret that we entered with: some repeat it, in whatever shape it has.
 * A secret so short that it may be a word is left alone.
 */
export function hideSecret(text: string, secret: string): string {
  return secret.length < SECRET_CHARS_MIN ? text : text.replaceAll(secret, '[removed]')
}

function text(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : String(value)
}
