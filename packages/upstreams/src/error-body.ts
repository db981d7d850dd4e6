import { removeVendorSecrets } from '@sluice/kernel/vendor-secrets'

import { z } from 'zod'

import { parseJson } from './parse-json.ts'
import type { UpstreamAccess } from './upstream.ts'

/** The parsed error body of an upstream, as far as its form is known. */
export interface ErrorBody {
  /** Lower-case. */
  code: string | undefined
  /** Lower-case. */
  type: string | undefined
  message: string | undefined
  /** The invalid parameter; safe to show to callers. */
  param: string | undefined
  /** The code in its original spelling; safe to show to callers. */
  shownCode: string | undefined
  /** False for HTML, an empty body, and JSON of an unknown form. */
  recognised: boolean
}

const MESSAGE_CHARS_MAX = 1_000
const NAME_CHARS_MAX = 200

const scalar = z.union([z.string(), z.number()]).nullish().catch(undefined)
// FastAPI and some compatible services send the parameter as a path.
const path = z.union([z.array(z.union([z.string(), z.number()])).transform(joinPath), scalar])
const facts = z.looseObject({
  code: scalar,
  type: scalar,
  message: scalar,
  param: path.catch(undefined),
})
const fieldError = z.looseObject({
  msg: z.string(),
  loc: z.array(z.union([z.string(), z.number()])).catch([]),
})
const envelope = z.union([
  z.looseObject({ error: facts }),
  z.looseObject({ error: z.string() }).transform(({ error }) => ({ error: { message: error } })),
  // `{"type":"error","code","message"}`, and gateways without the `error` member.
  facts.refine(({ message }) => message !== undefined).transform((error) => ({ error })),
  // FastAPI: one message, or an error for each field.
  z.looseObject({ detail: z.string() }).transform(({ detail }) => ({ error: { message: detail } })),
  z.looseObject({ detail: z.array(fieldError).min(1) }).transform(({ detail: [first] }) => ({
    error: { message: first?.msg, param: first?.loc.filter((step) => step !== 'body').join('.') },
  })),
  // Google sends a list of one.
  z.tuple([z.looseObject({ error: facts })]).transform(([{ error }]) => ({ error })),
])

/** Parses the body of an error response: OpenAI's envelope and the forms of compatible services. */
export function readErrorBody(text: string): ErrorBody {
  const value = parseJson(text)
  return value === undefined ? readTruncated(text) : readErrorObject(value)
}

/** The same for parsed JSON, such as an event of a stream. */
export function readErrorObject(value: unknown): ErrorBody {
  const parsed = envelope.safeParse(value)
  if (!parsed.success) return nothing
  const error: Facts = parsed.data.error
  return errorOf(error)
}

type Facts = Partial<
  Record<'code' | 'type' | 'message' | 'param', string | number | null | undefined>
>

function errorOf(error: Facts): ErrorBody {
  const code = text(error.code)
  return {
    code: code?.toLowerCase(),
    type: text(error.type)?.toLowerCase(),
    message: text(error.message),
    param: shownName(text(error.param)),
    shownCode: shownName(code),
    recognised: true,
  }
}

/** The members of an envelope that was truncated at the read limit. */
function readTruncated(cut: string): ErrorBody {
  if (!/^\s*\{/.test(cut)) return nothing
  const member = (name: string) => {
    const string = new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)`).exec(cut)?.[1]
    // The end may be inside an escape.
    const complete = string?.replace(/\\(?:u[0-9a-f]{0,3})?$/i, '')
    return complete === undefined ? undefined : asString(parseJson(`"${complete}"`))
  }
  if (!/"error"\s*:/.test(cut.slice(0, 200))) return nothing
  const [code, type, message] = [member('code'), member('type'), member('message')]
  if (message === undefined && code === undefined) return nothing
  return errorOf({ ...defined({ code, type, message }), ...defined({ param: member('param') }) })
}

const asString = (value: unknown) => (typeof value === 'string' ? value : undefined)

function defined(members: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(members)
  return Object.fromEntries(entries.flatMap(([key, value]) => (value ? [[key, value]] : [])))
}

function joinPath(path: readonly (string | number)[]): string {
  return path.join('.')
}

const nothing: ErrorBody = {
  code: undefined,
  type: undefined,
  message: undefined,
  param: undefined,
  shownCode: undefined,
  recognised: false,
}

/**
 * An upstream's message in a form that may be shown to callers: one line of limited length, without the keys
 * and organisation ids that upstreams often repeat.
 */
export function shownMessage(message: string): string {
  const line = withoutSecrets(
    message
      .slice(0, MESSAGE_CHARS_MAX * 4)
      // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' '),
  ).trim()
  if (line.length <= MESSAGE_CHARS_MAX) return line
  const cut = line.slice(0, MESSAGE_CHARS_MAX - 2)
  const space = cut.lastIndexOf(' ')
  return `${space > MESSAGE_CHARS_MAX / 2 ? cut.slice(0, space) : cut} …`
}

/** The text without keys and ids of organisations, users and requests, in the forms of all known vendors. */
export function withoutSecrets(text: string): string {
  return removeVendorSecrets(text, '[removed]', 'credentials-and-ids')
}

// A name; anything else is left out rather than truncated.
function shownName(name: string | undefined): string | undefined {
  if (name === undefined || name.length > NAME_CHARS_MAX) return undefined
  return /^[\w .[\]$:/-]+$/.test(name) && withoutSecrets(name) === name ? name : undefined
}

/**
 * The values of an access that must not reach callers: its secret and the operator's organisation and
 * project.
 */
export function secretsOf({ secret, settings }: UpstreamAccess): readonly string[] {
  const names = [settings['organization'], settings['project']]
  return [secret, ...names.filter((name) => typeof name === 'string')]
}

const SECRET_CHARS_MIN = 8

/**
 * An upstream's text without the given secrets, which some upstreams repeat. Secrets shorter than
 * SECRET_CHARS_MIN are not removed, since they may be ordinary words.
 */
export function hideSecret(text: string, secret: string | readonly string[]): string {
  let hidden = text
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    if (one.length < SECRET_CHARS_MIN) continue
    hidden = hidden.replaceAll(one, '[removed]')
    // The JSON-escaped form of the secret.
    const escaped = JSON.stringify(one).slice(1, -1)
    if (escaped !== one) hidden = hidden.replaceAll(escaped, '[removed]')
  }
  return hidden
}

function text(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : String(value)
}
