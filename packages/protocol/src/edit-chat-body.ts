import type { ScannedBody, Span } from './json-scan.ts'

const USAGE_WANTED = '{"include_usage":true}'

interface Edit extends Span {
  text: string
}

/**
 * The body with another model name, or with usage asked for, and no other byte changed: key order,
 * spaces and numbers too big for JavaScript stay as they came. Without a change it is the same buffer.
 */
export function editChatBody(
  bytes: Buffer,
  scanned: ScannedBody,
  { model, requestUsage }: { model: string; requestUsage: boolean },
): Buffer {
  const edits: Edit[] = []
  if (scanned.model && scanned.model.name !== model) {
    edits.push({ ...scanned.model.span, text: JSON.stringify(model) })
  }
  if (requestUsage && !scanned.includeUsage) edits.push(askUsage(scanned))
  return edits.length === 0 ? bytes : applyEdits(bytes, edits)
}

function askUsage({ streamOptions, membersStart }: ScannedBody): Edit {
  if (!streamOptions) {
    const text = `"stream_options":${USAGE_WANTED},`
    return { start: membersStart, end: membersStart, text }
  }
  const { span, isObject, includeUsage, isEmpty } = streamOptions
  if (includeUsage) return { ...includeUsage, text: 'true' }
  if (!isObject || isEmpty) return { ...span, text: USAGE_WANTED }
  return { start: span.start + 1, end: span.start + 1, text: '"include_usage":true,' }
}

function applyEdits(bytes: Buffer, edits: Edit[]): Buffer {
  edits.sort((a, b) => a.start - b.start)
  const pieces: Uint8Array[] = []
  let at = 0
  for (const { start, end, text } of edits) {
    pieces.push(bytes.subarray(at, start), Buffer.from(text))
    at = end
  }
  pieces.push(bytes.subarray(at))
  return Buffer.concat(pieces)
}
