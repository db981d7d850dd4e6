export type RangeSelection =
  | { kind: 'all' }
  | { kind: 'part'; start: number; end: number }
  | { kind: 'unsatisfiable' }

/** True when `If-None-Match` has this tag (RFC 9110 §13.1.2; weak comparison). */
export function isNotModified(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((entry) => entry.trim().replace(/^W\//, '') === tag)
}

/**
 * Selects the bytes to send (RFC 9110 §14). Supports a single range; multiple ranges, other units and
 * malformed headers are ignored, as the standard allows. `If-Range` must equal the tag.
 */
export function selectRange({
  range,
  ifRange,
  tag,
  length,
}: {
  range: string | undefined
  ifRange: string | undefined
  tag: string
  length: number
}): RangeSelection {
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== tag))
    return { kind: 'all' }
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim())
  if (!match || (match[1] === '' && match[2] === '')) return { kind: 'all' }
  const [first, last] = [match[1] ?? '', match[2] ?? '']
  if (first === '') {
    const suffix = Math.min(Number(last), length)
    if (suffix === 0) return { kind: 'unsatisfiable' }
    return { kind: 'part', start: length - suffix, end: length - 1 }
  }
  const start = Number(first)
  const end = last === '' ? length - 1 : Math.min(Number(last), length - 1)
  if (last !== '' && Number(last) < start) return { kind: 'all' }
  return start < length ? { kind: 'part', start, end } : { kind: 'unsatisfiable' }
}
