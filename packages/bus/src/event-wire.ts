import { busEvents } from '@sluice/contracts/events'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import { AppError } from '@sluice/kernel/app-error'
import { z } from 'zod'

/** The event as JSON. Throws `internal_error` when it does not match its schema. */
export function encodeEvent<Name extends BusEventName>(name: Name, event: BusEvent<Name>): string {
  const encoded = z.safeEncode(schemaOf(name), event)
  if (encoded.success) return JSON.stringify(encoded.data)
  throw new AppError('internal_error', `not a valid ${name} event: ${issueText(encoded.error)}`)
}

export type DecodedEvent<Name extends BusEventName> =
  | { ok: true; event: BusEvent<Name> }
  | { ok: false; why: string }

/** Parses a message of a bus; never throws. */
export function decodeEvent<Name extends BusEventName>(
  name: Name,
  text: string,
): DecodedEvent<Name> {
  const json = parseJson(text)
  if (json === undefined) return { ok: false, why: 'not JSON' }
  const parsed = schemaOf(name).safeParse(json)
  return parsed.success
    ? { ok: true, event: parsed.data }
    : { ok: false, why: issueText(parsed.error) }
}

/** The first issue: its path and message, without the value. */
export function issueText(error: z.core.$ZodError): string {
  const [issue] = error.issues
  if (!issue) return 'does not match the schema'
  return `${issue.path.map(String).join('.') || 'the value'}: ${issue.message}`
}

/** Undefined for invalid JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// `busEvents` maps every name to the schema of its event; TypeScript does not infer that for a generic name.
function schemaOf<Name extends BusEventName>(name: Name): z.ZodType<BusEvent<Name>> {
  return busEvents[name].schema as unknown as z.ZodType<BusEvent<Name>>
}
