import type { ImageFacts, ImageRequest } from '@sluice/contracts/image-request'
import type { FetchGuarded } from '@sluice/egress/guarded-fetch'

import { hostAndPortOf } from '@sluice/egress/guard-url'

import { readPictureHeader } from '../picture-header.ts'
import { readSettings } from '../read-settings.ts'
import { throwIfAborted } from '../send-call.ts'
import type { GeneratedPicture, UpstreamAccess } from '../upstream.ts'
import { decodePicture } from './decode-picture.ts'
import type { FoundPicture } from './find-pictures.ts'
import type { StatedFacts } from './image-answer.ts'
import { factsOf } from './image-answer.ts'
import { openaiSettings } from './openai-settings.ts'
import { FETCH_TIMEOUT_MS, PICTURE_BYTES_MAX } from './image-limits.ts'
import { imageTokensOf } from './openai-usage.ts'

/** The maximum number of URLs fetched for one response. */
const FETCHES_MAX = 4

export interface ExtractInput {
  access: UpstreamAccess
  found: readonly FoundPicture[]
  stated: StatedFacts
  requested: ImageRequest
  signal: AbortSignal
}

/**
 * The first readable image of a response with its facts, decoded or fetched from its URL; undefined when
 * there is none. Further images are ignored.
 */
export async function extractPicture(
  { fetchGuarded }: { fetchGuarded: FetchGuarded },
  { access, found, stated, requested, signal }: ExtractInput,
): Promise<GeneratedPicture | undefined> {
  let fetches = 0
  const hostsTrusted = trustedHosts(access)
  for (const { texts, revisedPrompt } of found) {
    for (const text of texts) {
      const decoded = decodePicture(text)
      const generated =
        decoded && generatedPictureOf({ bytes: decoded, stated, requested, revisedPrompt })
      if (generated) return generated
      const url = fetches < FETCHES_MAX ? urlOf(text, access.baseUrl) : undefined
      if (url === undefined) continue
      fetches += 1
      const bytes = await fetchPicture(fetchGuarded, { url, hostsTrusted, signal })
      const fetched = bytes && generatedPictureOf({ bytes, stated, requested, revisedPrompt })
      if (fetched) return fetched
    }
  }
  return undefined
}

/** The generated picture of these bytes; undefined for an incomplete image or an unknown format. Pure. */
export function generatedPictureOf({
  bytes,
  stated,
  requested,
  revisedPrompt,
}: {
  bytes: Uint8Array
  stated: StatedFacts
  requested: ImageRequest
  revisedPrompt: string | null
}): GeneratedPicture | undefined {
  const facts = pictureFacts({ bytes, stated, requested })
  const tokens = imageTokensOf(stated.usage)
  return facts && { bytes, contentType: `image/${facts.format}`, facts, revisedPrompt, tokens }
}

/** The facts of an image; undefined for an incomplete image or an unknown format. Pure. */
export function pictureFacts({
  bytes,
  stated,
  requested,
}: {
  bytes: Uint8Array
  stated: StatedFacts
  requested: ImageRequest
}): ImageFacts | undefined {
  const header = readPictureHeader(bytes)
  return header?.whole ? factsOf({ header, stated, requested }) : undefined
}

const URL_CHARS_MAX = 8_192

/**
 * The URL in a text of a response: absolute, or relative to the channel's base URL. Undefined for other text.
 * Pure.
 */
export function urlOf(text: string, baseUrl: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed.length > URL_CHARS_MAX || /^data:/i.test(trimmed) || /[\s<>"]/.test(trimmed)) {
    return undefined
  }
  if (/^https?:\/\//i.test(trimmed)) return URL.canParse(trimmed) ? trimmed : undefined
  // Not a path: another URL scheme, or a single word.
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed) || !trimmed.includes('/')) return undefined
  const base = new URL(baseUrl)
  const folder = `${base.origin}${base.pathname.replace(/\/*$/, '/')}`
  return URL.canParse(trimmed, folder) ? new URL(trimmed, folder).href : undefined
}

/** Hosts trusted by the operator: that of the base URL and those of the channel's settings. Pure. */
function trustedHosts(access: UpstreamAccess): string[] {
  const { allowPrivate = [] } = readSettings(openaiSettings, access)
  const base = URL.parse(access.baseUrl)
  return [...(base ? [hostAndPortOf(base)] : []), ...allowPrivate]
}

async function fetchPicture(
  fetchGuarded: FetchGuarded,
  {
    url,
    hostsTrusted,
    signal,
  }: { url: string; hostsTrusted: readonly string[]; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  // Object stores send any content type or none, so the type is detected from the bytes.
  const limits = { bytesMax: PICTURE_BYTES_MAX, timeoutMs: FETCH_TIMEOUT_MS } as const
  const answer = await fetchGuarded({
    url,
    ...limits,
    acceptTypes: 'any',
    hostsTrusted,
    signal,
  }).catch((error: unknown) => {
    throwIfAborted(signal, { sent: true })
    throw error
  })
  return answer.outcome === 'fetched' ? answer.bytes : undefined
}
