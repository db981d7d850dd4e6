import { ReservedNames } from '../name-checker.ts'
import type { Fields } from './field-reader.ts'

const EXTRA_FIELDS_MAX = 20
const EXTRA_NAME_CHARS_MAX = 64
const EXTRA_VALUE_CHARS_MAX = 1_000

/** Parameters that the gateway handles itself; they are never forwarded as extra fields. */
export const imageNames = new ReservedNames([
  'async',
  'background',
  'frame_count',
  'frame_duration_ms',
  'image',
  'image[]',
  'images',
  'input_fidelity',
  'mask',
  'messages',
  'model',
  'moderation',
  'n',
  'output_compression',
  'output_format',
  'partial_images',
  'prompt',
  'quality',
  'reference_images',
  'response_format',
  'safety_identifier',
  'size',
  'stream',
  'stream_options',
  'svg',
  'user',
])

/** The caller's unknown parameters that are scalars of limited size; others are ignored. */
export function readExtra(fields: Fields): Record<string, string | number | boolean> | undefined {
  const extra = Object.entries(fields).filter(isForwardable).slice(0, EXTRA_FIELDS_MAX)
  return extra.length > 0 ? Object.fromEntries(extra) : undefined
}

function isForwardable(field: [string, unknown]): field is [string, string | number | boolean] {
  const [name, value] = field
  if (imageNames.has(name) || name.length > EXTRA_NAME_CHARS_MAX) return false
  if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name) || name === 'constructor') return false
  if (typeof value === 'string')
    return value.length <= EXTRA_VALUE_CHARS_MAX && value.isWellFormed() && !value.includes('\0')
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}
