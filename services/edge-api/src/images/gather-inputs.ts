import type { InputImage } from '@sluice/contracts/image-request'
import { AppError } from '@sluice/kernel/app-error'
import { decodeBase64 } from '@sluice/protocol/images/decode-base64'
import type { PictureSource } from '@sluice/protocol/images/picture-sources'

import type { EdgeDeps } from '../deps.ts'
import type { ImageIntake } from './intake.ts'
import { MASK_BYTES_MAX } from './intake.ts'
import type { Principal } from '../http/request.ts'
import type { UploadStaging, StoredInput } from './upload-staging.ts'
import { invalidImage } from './upload-staging.ts'
import { findOwnPicture } from './own-picture.ts'

const FETCH_WITHIN_MS = 30_000

/** The input pictures of a request, all stored. */
export interface GatheredInputs {
  images: InputImage[]
  mask: InputImage | undefined
  /** Identify each picture in the body hash: its checksum, or the URL that the caller sent. */
  fingerprints: string[]
}

type GatherDeps = Pick<EdgeDeps, 'fetchGuarded' | 'jobs' | 'blobs' | 'links' | 'clock'>

/**
 * Fetches and decodes the pictures that the request references, and checks the mask against the first image.
 * Throws an AppError that names the parameter.
 */
export async function gatherInputs(
  deps: GatherDeps,
  { intake, staging, principal, signal }: GatherInput,
): Promise<GatheredInputs> {
  const { stored, sources, isEdit } = intake
  const named: { input: StoredInput; fingerprint: string }[] = []
  // Sequentially: each may have megabytes, and the first rejection skips the rest.
  for (const [index, source] of sources.images.entries()) {
    const name = `image-${index}`
    const { bytesMax } = sources
    named.push(await storeSource(deps, { source, staging, name, principal, signal, bytesMax }))
  }
  const bytesMax = MASK_BYTES_MAX
  const namedMask = sources.mask
    ? await storeSource(deps, {
        source: sources.mask,
        staging,
        name: 'mask',
        principal,
        signal,
        bytesMax,
      })
    : undefined

  const images = [...stored.images, ...named.map(({ input }) => input)]
  const mask = stored.mask ?? namedMask?.input
  if (isEdit && images.length === 0)
    throw new AppError('missing_required_parameter', "'image' is required.", { param: 'image' })
  checkMask(mask, images[0])
  return {
    images: images.map(({ image }) => image),
    mask: mask?.image,
    fingerprints: [
      ...stored.images.map(({ sha256 }) => sha256),
      ...named.map(({ fingerprint }) => fingerprint),
      ...(mask ? [`mask ${namedMask?.fingerprint ?? mask.sha256}`] : []),
    ],
  }
}

interface GatherInput {
  intake: ImageIntake
  staging: UploadStaging
  principal: Pick<Principal, 'wallet'>
  signal: AbortSignal
}

interface SourceInput extends Omit<GatherInput, 'intake'> {
  source: PictureSource
  name: string
  bytesMax: number
}

async function storeSource(
  deps: GatherDeps,
  { source, staging, name, bytesMax, principal, signal }: SourceInput,
): Promise<{ input: StoredInput; fingerprint: string }> {
  const { param } = source
  if (source.kind === 'base64') {
    const input = await staging.put({ source: decoded(source, bytesMax), name, param, bytesMax })
    return { input, fingerprint: input.sha256 }
  }
  const url = source.kind === 'own' ? source.path : source.url
  const own = await findOwnPicture(deps, { url, param, principal })
  if (own) {
    const blob = await deps.blobs.open(own.blobKey)
    if (!blob) throw notFound(param)
    const input = await staging.put({ source: blob.stream, name, param, bytesMax })
    return { input, fingerprint: own.sha256 }
  }
  if (source.kind === 'own') throw notFound(param)
  const response = await deps.fetchGuarded({
    url,
    bytesMax,
    timeoutMs: FETCH_WITHIN_MS,
    // Object stores and small servers send any content type or none: the bytes decide.
    acceptTypes: 'any',
    signal,
  })
  if (response.outcome !== 'fetched')
    throw new AppError('invalid_value', `'${param}' cannot be used: ${response.message}.`, {
      param,
    })
  const input = await staging.put({ source: once(response.bytes), name, param, bytesMax })
  return { input, fingerprint: `url ${url}` }
}

const notFound = (param: string) =>
  new AppError('invalid_value', `'${param}' names a picture that no longer exists.`, { param })

async function* decoded(
  { base64, param }: Extract<PictureSource, { kind: 'base64' }>,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, void> {
  // Checked before decoding: four characters are three bytes.
  const chars = typeof base64 === 'string' ? base64.length : base64.byteLength
  if (chars > Math.ceil(bytesMax / 3) * 4 * 1.05)
    throw new AppError('body_too_large', `'${param}' has more than ${bytesMax} bytes.`, { param })
  if (typeof base64 === 'string') yield Buffer.from(base64, 'base64')
  else yield* decodeBase64(base64, { param })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes
}

// OpenAI requires a PNG, with the dimensions of the first image.
function checkMask(mask: StoredInput | undefined, image: StoredInput | undefined): void {
  if (!mask) return
  if (!image)
    throw new AppError('missing_required_parameter', "A 'mask' needs an 'image'.", {
      param: 'image',
    })
  if (mask.image.contentType !== 'image/png') throw invalidImage('mask', 'must be a PNG')
  // If a JPEG's size is not in its first bytes, the upstream checks it.
  if (!mask.size || !image.size) return
  const [width, height] = [image.size.width, image.size.height]
  const fits = mask.size.width === width && mask.size.height === height
  // A camera's JPEG may be stored rotated by 90 degrees.
  const rotated = mask.size.width === height && mask.size.height === width
  if (fits || (rotated && image.image.contentType === 'image/jpeg')) return
  throw invalidImage('mask', `must be ${width}x${height}, like the first image`)
}
