/**
 * Media inside a chat body. Upstreams charge for a picture, a sound or a file by what it shows, how long
 * it lasts or how many pages it has, never by the length of its base64; so must the estimate.
 */
export interface MediaPiece {
  kind: 'image' | 'audio' | 'wave' | 'file'
  /** Of the media itself, without base64. */
  bytes: number
}

/** Vendors count 10 (OpenAI) to 32 (Google) tokens for a second of sound. */
const AUDIO_TOKENS_PER_SECOND = 32
/** 32 kbit/s, the least of common speech codecs; WAV has 8,000 samples of 16 bits a second at least. */
const AUDIO_BYTES_PER_SECOND = 4_000
const WAVE_BYTES_PER_SECOND = 16_000

/** A page's text and its picture; vendors take 100 pages of one file at most. */
const PAGE_TOKENS = 1_500
const PAGE_BYTES = 4_096
const PAGES_MAX = 100

/** What sounds and files are worth at most, in tokens; pictures are counted by the piece. Pure. */
export function mediaTokensOf(pieces: readonly MediaPiece[]): number {
  return pieces.reduce((sum, piece) => sum + tokensOf(piece), 0)
}

function tokensOf({ kind, bytes }: MediaPiece): number {
  switch (kind) {
    case 'audio':
      return Math.ceil(bytes / AUDIO_BYTES_PER_SECOND) * AUDIO_TOKENS_PER_SECOND
    case 'wave':
      return Math.ceil(bytes / WAVE_BYTES_PER_SECOND) * AUDIO_TOKENS_PER_SECOND
    case 'file':
      return Math.min(PAGES_MAX, Math.ceil(bytes / PAGE_BYTES)) * PAGE_TOKENS
    case 'image':
      return 0
  }
}

// Members that hold media, with what they hold when neither a media type nor the bytes say so. A data
// URL or base64 under any other name (`text`, `content`, `arguments`) is text that a model reads.
const kindsByName: Readonly<Record<string, MediaPiece['kind']>> = {
  data: 'audio',
  audio: 'audio',
  audio_url: 'audio',
  file_data: 'file',
  file: 'file',
  file_url: 'file',
  url: 'image',
  image_url: 'image',
  image: 'image',
  b64_json: 'image',
}

const kindsByType: Readonly<Record<string, MediaPiece['kind']>> = {
  image: 'image',
  audio: 'audio',
  video: 'audio',
}

// The first bytes of formats, as Latin-1. RIFF holds WAVE and WebP.
const kindsByStart: readonly [RegExp, MediaPiece['kind']][] = [
  [/^RIFF.{4}WAVE/s, 'wave'],
  [/^(?:ID3|OggS|fLaC|\xff[\xe0-\xff]|.{4}ftypM4A)/s, 'audio'],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|.{4}ftypavi)/s, 'image'],
  [/^(?:%PDF|PK|\xd0\xcf)/s, 'file'],
]

const SAMPLE_BYTES = 1_024
const HEADER_BYTES_MAX = 200

/**
 * The media that the member of this name holds; undefined for text. `value` are the bytes of the string
 * between its quotes, of which only the first are looked at. Pure.
 */
export function mediaPieceOf(name: string, value: Buffer): MediaPiece | undefined {
  if (!Object.hasOwn(kindsByName, name)) return undefined
  const sample = value.toString('latin1', 0, SAMPLE_BYTES).replaceAll('\\/', '/')
  const header = /^data:([a-z0-9.+-]*)\/?[^,]{0,180},/i.exec(sample.slice(0, HEADER_BYTES_MAX))
  const payload = header ? sample.slice(header[0].length) : sample
  // Backslashes are the escapes of line breaks.
  if (!/^[A-Za-z0-9+/_=\s\\%-]+$/.test(payload)) return undefined
  const bytes = Math.ceil(((value.length - (header?.[0].length ?? 0)) * 3) / 4)
  return { kind: kindOf({ name, type: header?.[1], payload }), bytes }
}

function kindOf({
  name,
  type,
  payload,
}: {
  name: string
  type: string | undefined
  payload: string
}): MediaPiece['kind'] {
  const head = Buffer.from(payload.slice(0, 64), 'base64').toString('latin1')
  const byStart = kindsByStart.find(([start]) => start.test(head))?.[1]
  if (byStart !== undefined) return byStart
  const byType = type === undefined ? undefined : (kindsByType[type.toLowerCase()] ?? 'file')
  return byType ?? kindsByName[name] ?? 'file'
}
