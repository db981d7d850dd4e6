const MIB = 1024 * 1024
/** Default limits of the gateway for one file and for a whole form. */
export const REFERENCE_BYTES_MAX = 50 * MIB
export const REFERENCES_BYTES_MAX = 95 * MIB
const SNIFFED_BYTES = 12

export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp'

/** The used part of a File. */
export interface Offered {
  name: string
  size: number
  lastModified: number
}

export type ReferenceRefusal =
  | { why: 'type'; name: string }
  | { why: 'empty'; name: string }
  | { why: 'size'; name: string; bytesMax: number }
  | { why: 'total'; name: string; bytesMax: number }
  | { why: 'count'; name: string; countMax: number }
  | { why: 'twice'; name: string }

export interface RuleInput {
  /** The accepted files. */
  taken: readonly Offered[]
  offered: Offered
  /** Detected from its bytes; undefined for unsupported types. */
  type: PictureType | undefined
  countMax: number
}

/** Why a file cannot be a reference picture; undefined when it can. */
export function refuseReference(input: RuleInput): ReferenceRefusal | undefined {
  const { taken, offered, type, countMax } = input
  const { name, size } = offered
  if (taken.some((known) => isSame(known, offered))) return { why: 'twice', name }
  if (taken.length >= countMax) return { why: 'count', name, countMax }
  if (size === 0) return { why: 'empty', name }
  if (!type) return { why: 'type', name }
  if (size > REFERENCE_BYTES_MAX) return { why: 'size', name, bytesMax: REFERENCE_BYTES_MAX }
  const total = taken.reduce((sum, known) => sum + known.size, size)
  if (total > REFERENCES_BYTES_MAX) return { why: 'total', name, bytesMax: REFERENCES_BYTES_MAX }
  return undefined
}

/** The type by the first bytes; file names and system types may be wrong. */
export function sniffPicture(head: Uint8Array): PictureType | undefined {
  const text = String.fromCharCode(...head.slice(0, SNIFFED_BYTES))
  if (text.startsWith('\u0089PNG\r\n\u001A\n')) return 'image/png'
  if (text.startsWith('\u00FF\u00D8\u00FF')) return 'image/jpeg'
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

/** The type of a file. Rejects when the browser cannot read it. */
export async function pictureTypeOf(file: Blob): Promise<PictureType | undefined> {
  return sniffPicture(new Uint8Array(await file.slice(0, SNIFFED_BYTES).arrayBuffer()))
}

const isSame = (one: Offered, other: Offered) =>
  one.name === other.name && one.size === other.size && one.lastModified === other.lastModified
