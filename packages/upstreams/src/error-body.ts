import { removeVendorSecrets } from '@sluice/kernel/vendor-secrets'

import { z } from 'zod'

import { parseJson } from './parse-json.ts'
import type { UpstreamAccess } from './upstream.ts'

/** What an upstream says of a failure, as far as it says it in a form we know. */
export interface ErrorBody {
  /** Lower-case. */
  code: string | undefined
  /** Lower-case. */
  type: string | undefined
  message: string | undefined
  /** The parameter that it names as wrong; in a form that may be shown. */
  param: string | undefined
  /** Its code as it spells it; in a form that may be shown. */
  shownCode: string | undefined
  /** False for HTML, for nothing, and for JSON of another shape. */
  recognised: boolean
}

const MESSAGE_CHARS_MAX = 1_000
const NAME_CHARS_MAX = 200

const word = z.union([z.string(), z.number()]).nullish().catch(undefined)
// FastAPI and some look-alikes name the parameter as a path.
const path = z.union([z.array(z.union([z.string(), z.number()])).transform(joinPath), word])
const facts = z.looseObject({ code: word, type: word, message: word, param: path.catch(undefined) })
const fieldError = z.looseObject({
  msg: z.string(),
  loc: z.array(z.union([z.string(), z.number()])).catch([]),
})
const envelope = z.union([
  z.looseObject({ error: facts }),
  z.looseObject({ error: z.string() }).transform(({ error }) => ({ error: { message: error } })),
  // `{"type":"error","code","message"}`, and gateways that answer the facts bare.
  facts.refine(({ message }) => message !== undefined).transform((error) => ({ error })),
  // FastAPI: one sentence, or what is wrong with each field.
  z.looseObject({ detail: z.string() }).transform(({ detail }) => ({ error: { message: detail } })),
  z.looseObject({ detail: z.array(fieldError).min(1) }).transform(({ detail: [first] }) => ({
    error: { message: first?.msg, param: first?.loc.filter((step) => step !== 'body').join('.') },
  })),
  // Google answers a list of one.
  z.tuple([z.looseObject({ error: facts })]).transform(([{ error }]) => ({ error })),
])

/** Reads the body of a failed answer: OpenAI's envelope, and the shapes that look-alikes send instead. */
export function readErrorBody(text: string): ErrorBody {
  const value = parseJson(text)
  return value === undefined ? readBroken(text) : readErrorObject(value)
}

/** The same for JSON that is parsed already, such as an event of a stream. */
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

/** An envelope that was cut, because it is longer than is read: its members as far as they came. */
function readBroken(cut: string): ErrorBody {
  if (!/^\s*\{/.test(cut)) return nothing
  const member = (name: string) => {
    const string = new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)`).exec(cut)?.[1]
    // The cut may lie within an escape.
    const whole = string?.replace(/\\(?:u[0-9a-f]{0,3})?$/i, '')
    return whole === undefined ? undefined : asString(parseJson(`"${whole}"`))
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
 * An upstream's message in a form that may be shown to a caller: one line, of bounded length, without
 * keys and names of organisations, which upstreams like to repeat.
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

/** Words of an upstream without keys and ids of organisations, users and requests, in any vendor's shape. */
export function withoutSecrets(text: string): string {
  return removeVendorSecrets(text, '[removed]', 'credentials-and-ids')
}

// A name, not a sentence: what does not look like one is left out rather than cut.
function shownName(name: string | undefined): string | undefined {
  if (name === undefined || name.length > NAME_CHARS_MAX) return undefined
  return /^[\w .[\]$:/-]+$/.test(name) && withoutSecrets(name) === name ? name : undefined
}

/** What of a way in must not be repeated to a caller: its secret, and the operator's own names at the upstream. */
export function secretsOf({ secret, settings }: UpstreamAccess): readonly string[] {
  const names = [settings['organization'], settings['project']]
  return [secret, ...names.filter((name) => typeof name === 'string')]
}

const SECRET_CHARS_MIN = 8

/**
 * What an upstream says, without the secrets that we entered with: some repeat it, in whatever shape it has.
 * A secret so short that it may be a word is left alone.
 */
export function hideSecret(text: string, secret: string | readonly string[]): string {
  let hidden = text
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    if (one.length < SECRET_CHARS_MIN) continue
    hidden = hidden.replaceAll(one, '[removed]')
    // The same inside JSON, where it holds a character that is escaped.
    const escaped = JSON.stringify(one).slice(1, -1)
    if (escaped !== one) hidden = hidden.replaceAll(escaped, '[removed]')
  }
  return hidden
}

function text(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : String(value)
}
