/**
 * Media inside a chat body. Upstreams charge for pictures by size, for audio by duration and for files by
 * pages, never by the length of the base64; so does the estimate.
 */
export interface MediaPiece {
  kind: 'image' | 'audio' | 'wave' | 'file'
  /** Decoded size. */
  bytes: number
}

/** Vendors count 10 (OpenAI) to 32 (Google) tokens per second of audio. */
const AUDIO_TOKENS_PER_SECOND = 32
/** 32 kbit/s, the lowest rate of common speech codecs; WAV has at least 8,000 samples of 16 bits a second. */
const AUDIO_BYTES_PER_SECOND = 4_000
const WAVE_BYTES_PER_SECOND = 16_000

/** Tokens for a page's text and picture; vendors accept at most 100 pages per file. */
const PAGE_TOKENS = 1_500
const PAGE_BYTES = 4_096
const PAGES_MAX = 100

/** Maximum tokens of audio and files; pictures are counted separately. Pure. */
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

// Members that contain media, with the kind to assume when neither the media type nor the bytes determine it.
// A data URL or base64 under any other name (`text`, `content`, `arguments`) is text for the model.
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

// Magic bytes of formats, as Latin-1. RIFF contains WAVE and WebP.
const kindsByStart: readonly [RegExp, MediaPiece['kind']][] = [
  [/^RIFF.{4}WAVE/s, 'wave'],
  [/^(?:ID3|OggS|fLaC|\xff[\xe0-\xff]|.{4}ftypM4A)/s, 'audio'],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|.{4}ftypavi)/s, 'image'],
  [/^(?:%PDF|PK|\xd0\xcf)/s, 'file'],
]

const SAMPLE_BYTES = 1_024
const HEADER_BYTES_MAX = 200

/**
 * Detects media in a member of this name; undefined for text. `value` is the content of the string between
 * its quotes, of which only the first bytes are examined. Pure.
 */
export function mediaPieceOf(name: string, value: Buffer): MediaPiece | undefined {
  if (!Object.hasOwn(kindsByName, name)) return undefined
  const sample = value.toString('latin1', 0, SAMPLE_BYTES).replaceAll('\\/', '/')
  const header = /^data:([a-z0-9.+-]*)\/?[^,]{0,180},/i.exec(sample.slice(0, HEADER_BYTES_MAX))
  const payload = header ? sample.slice(header[0].length) : sample
  // Backslashes are allowed for escaped line breaks.
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
