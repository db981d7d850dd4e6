import type { ScannedBody, Span } from './json-scan.ts'

const USAGE_OPTIONS = '{"include_usage":true}'

interface Edit extends Span {
  text: string
}

/**
 * Replaces the model name in the body, or requests usage, without changing any other byte: key order, spaces
 * and numbers too large for JavaScript are preserved. Without a change it returns the same buffer.
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
  if (requestUsage && !scanned.includeUsage) edits.push(usageEdit(scanned))
  return edits.length === 0 ? bytes : applyEdits(bytes, edits)
}

function usageEdit({ streamOptions, membersStart }: ScannedBody): Edit {
  if (!streamOptions) {
    const text = `"stream_options":${USAGE_OPTIONS},`
    return { start: membersStart, end: membersStart, text }
  }
  const { span, isObject, includeUsage, isEmpty } = streamOptions
  if (includeUsage) return { ...includeUsage, text: 'true' }
  if (!isObject || isEmpty) return { ...span, text: USAGE_OPTIONS }
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
