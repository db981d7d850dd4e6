import type { ImageFacts, ImageRequest } from '@sluice/contracts/image-request'
import type { FetchGuarded } from '@sluice/egress/guarded-fetch'

import { failureOf } from '../failure-treatments.ts'
import { readPictureHeader } from '../picture-header.ts'
import { refuseAborted } from '../send-call.ts'
import type { DrawnPicture } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import type { PictureItem, StatedFacts } from './image-answer.ts'
import { factsOf } from './image-answer.ts'
import { FETCH_TIMEOUT_MS, PICTURE_BYTES_MAX } from './image-limits.ts'
import { imageTokensOf } from './openai-usage.ts'

export interface TakeInput {
  item: PictureItem
  stated: StatedFacts
  asked: ImageRequest
  signal: AbortSignal
}

/** The picture of an answer's item, with its facts. Throws an UpstreamError when there is none. */
export async function takePicture(
  { fetchGuarded }: { fetchGuarded: FetchGuarded },
  { item, stated, asked, signal }: TakeInput,
): Promise<DrawnPicture> {
  const bytes = item.b64_json
    ? decodePicture(item.b64_json)
    : await fetchPicture(fetchGuarded, { url: item.url, signal })
  const facts = bytes && pictureFacts({ bytes, stated, asked })
  if (!bytes || !facts) throw new UpstreamError(failureOf('answer-broken'))
  return {
    bytes,
    contentType: `image/${facts.format}`,
    facts,
    revisedPrompt: item.revised_prompt ?? null,
    tokens: imageTokensOf(stated.usage),
  }
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

/** Base64 to bytes; undefined when it is none, empty, or more than a picture may have. Pure. */
export function decodePicture(text: string): Uint8Array | undefined {
  // Some look-alikes send a data URL.
  const base64 = /^data:[^,]{1,100};base64,/.test(text) ? text.slice(text.indexOf(',') + 1) : text
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  const length = Math.floor(((base64.length - padding) * 3) / 4)
  if (length === 0 || length > PICTURE_BYTES_MAX) return undefined
  const bytes = Buffer.from(base64, 'base64')
  // Node skips what is no base64, so that damage shows as missing bytes.
  return bytes.byteLength === length ? bytes : undefined
}

async function fetchPicture(
  fetchGuarded: FetchGuarded,
  { url, signal }: { url: string | null | undefined; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  if (!url) return undefined
  const acceptTypes = ['image/png', 'image/jpeg', 'image/webp', 'application/octet-stream']
  const limits = { bytesMax: PICTURE_BYTES_MAX, timeoutMs: FETCH_TIMEOUT_MS, acceptTypes }
  const answer = await fetchGuarded({ url, ...limits, signal }).catch((error: unknown) => {
    refuseAborted(signal, { sent: true })
    throw error
  })
  return answer.outcome === 'fetched' ? answer.bytes : undefined
}
