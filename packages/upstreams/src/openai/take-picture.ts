import type { ImageFacts, ImageRequest } from '@sluice/contracts/image-request'
import type { FetchGuarded } from '@sluice/egress/guarded-fetch'

import { hostAndPortOf } from '@sluice/egress/guard-url'

import { readPictureHeader } from '../picture-header.ts'
import { readSettings } from '../read-settings.ts'
import { refuseAborted } from '../send-call.ts'
import type { GeneratedPicture, UpstreamAccess } from '../upstream.ts'
import { decodePicture } from './decode-picture.ts'
import type { FoundPicture } from './find-pictures.ts'
import type { StatedFacts } from './image-answer.ts'
import { factsOf } from './image-answer.ts'
import { openaiSettings } from './openai-settings.ts'
import { FETCH_TIMEOUT_MS, PICTURE_BYTES_MAX } from './image-limits.ts'
import { imageTokensOf } from './openai-usage.ts'

/** Addresses that are fetched for one answer, however many it names. */
const FETCHES_MAX = 4

export interface TakeInput {
  access: UpstreamAccess
  found: readonly FoundPicture[]
  stated: StatedFacts
  asked: ImageRequest
  signal: AbortSignal
}

/**
 * The first picture of an answer that can be read, with its facts. More pictures than the one that was
 * asked for are left out. Throws an UpstreamError when there is none.
 */
export async function takePicture(
  { fetchGuarded }: { fetchGuarded: FetchGuarded },
  { access, found, stated, asked, signal }: TakeInput,
): Promise<GeneratedPicture | undefined> {
  let fetches = 0
  const hostsTrusted = trustedHosts(access)
  for (const { texts, revisedPrompt } of found) {
    for (const text of texts) {
      const decoded = decodePicture(text)
      const generated =
        decoded && generatedPictureOf({ bytes: decoded, stated, asked, revisedPrompt })
      if (generated) return generated
      const url = fetches < FETCHES_MAX ? addressOf(text, access.baseUrl) : undefined
      if (url === undefined) continue
      fetches += 1
      const bytes = await fetchPicture(fetchGuarded, { url, hostsTrusted, signal })
      const fetched = bytes && generatedPictureOf({ bytes, stated, asked, revisedPrompt })
      if (fetched) return fetched
    }
  }
  return undefined
}

/** Bytes as a drawn picture; undefined when they are none that is whole and of a kind we know. Pure. */
export function generatedPictureOf({
  bytes,
  stated,
  asked,
  revisedPrompt,
}: {
  bytes: Uint8Array
  stated: StatedFacts
  asked: ImageRequest
  revisedPrompt: string | null
}): GeneratedPicture | undefined {
  const facts = pictureFacts({ bytes, stated, asked })
  const tokens = imageTokensOf(stated.usage)
  return facts && { bytes, contentType: `image/${facts.format}`, facts, revisedPrompt, tokens }
}

/** Facts of a picture that is whole and of a kind we know; undefined otherwise. Pure. */
export function pictureFacts({
  bytes,
  stated,
  asked,
}: {
  bytes: Uint8Array
  stated: StatedFacts
  asked: ImageRequest
}): ImageFacts | undefined {
  const header = readPictureHeader(bytes)
  return header?.whole ? factsOf({ header, stated, asked }) : undefined
}

const URL_CHARS_MAX = 8_192

/**
 * The address that a text of an answer names: absolute, or relative to the channel's base URL. Undefined
 * for text that is no address. Pure.
 */
export function addressOf(text: string, baseUrl: string): string | undefined {
  const trimmed = text.trim()
  if (trimmed.length > URL_CHARS_MAX || /^data:/i.test(trimmed) || /[\s<>"]/.test(trimmed)) {
    return undefined
  }
  if (/^https?:\/\//i.test(trimmed)) return URL.canParse(trimmed) ? trimmed : undefined
  // A name with a scheme of another kind, or a single word, is no path.
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed) || !trimmed.includes('/')) return undefined
  const base = new URL(baseUrl)
  const folder = `${base.origin}${base.pathname.replace(/\/*$/, '/')}`
  return URL.canParse(trimmed, folder) ? new URL(trimmed, folder).href : undefined
}

/** Hosts that the operator means: that of the base URL, and those of the channel's settings. Pure. */
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
  // Object stores and small servers name any type or none: the bytes decide.
  const limits = { bytesMax: PICTURE_BYTES_MAX, timeoutMs: FETCH_TIMEOUT_MS } as const
  const answer = await fetchGuarded({
    url,
    ...limits,
    acceptTypes: 'any',
    hostsTrusted,
    signal,
  }).catch((error: unknown) => {
    refuseAborted(signal, { sent: true })
    throw error
  })
  return answer.outcome === 'fetched' ? answer.bytes : undefined
}
