import { Readable } from 'node:stream'

import type { InputImage } from '@sluice/contracts/image-request'
import { inputKey } from '@sluice/jobs/blob-keys'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { ImageSize } from '@sluice/protocol/images/sniff-image'
import { readImageSize, SNIFF_BYTES, sniffImage } from '@sluice/protocol/images/sniff-image'

import type { ByteHold } from '../http/byte-budget.ts'
import type { EdgeDeps } from '../deps.ts'

/** How much of a file is searched for its size: in a JPEG, metadata of the camera may precede it. */
const HEAD_BYTES_MAX = 256 * 1024
/** Limit for the size in an input's header. Nothing is decoded here, but upstreams will. */
const INPUT_PIXELS_MAX = 64_000_000

export interface StoredInput {
  image: InputImage
  sha256: string
  /** Undefined when it is not in the file's first bytes. */
  size: ImageSize | undefined
}

export interface StagedInput {
  source: AsyncIterable<Uint8Array>
  /** The file name sent to the upstream, without extension. */
  name: string
  /** The caller's parameter, for error messages. */
  param: string
  bytesMax: number
}

/** Stores the input pictures of one request until its job is written or the request is rejected. */
export interface UploadStaging {
  /** Stores a picture. Throws `invalid_image` if it is not PNG, JPEG or WebP, and `body_too_large`. */
  put(input: StagedInput): Promise<StoredInput>
  /** Removes all stored inputs of a rejected request. Never throws. */
  clear(): Promise<void>
}

/**
 * Every request has its own staging prefix, also repeats of one Idempotency-Key: a repeat never overwrites or
 * removes the pictures of a running job.
 */
export function createUploadStaging(
  { blobs, log, random }: Pick<EdgeDeps, 'blobs' | 'log' | 'random'>,
  { jobId, upload }: { jobId: string; upload: Pick<ByteHold, 'add'> },
): UploadStaging {
  const staging = Buffer.from(random.bytes(6)).toString('hex')
  const keys: string[] = []

  return {
    put: async ({ source, name, param, bytesMax }) => {
      const bytes = source[Symbol.asyncIterator]()
      const start = await readAtLeast(bytes, SNIFF_BYTES)
      const type = inputType(start)
      if (!type) throw invalidImage(param, 'is not a PNG, JPEG or WebP picture')
      const key = inputKey(jobId, `${staging}-${keys.length}`)
      keys.push(key)
      const metered = meter({ start, rest: bytes, param, bytesMax, upload })
      const facts = await blobs
        .put(key, Readable.from(metered.bytes), { contentType: type, bytesMax })
        .catch((error: unknown) => {
          throw metered.rejection() ?? error
        })
      const size = readImageSize(metered.head())
      checkSize(size, { type, param })
      const extension = type === 'image/jpeg' ? 'jpg' : type.slice('image/'.length)
      const file = `${name}.${extension}`
      return {
        image: { blobKey: key, contentType: type, bytes: facts.bytes, name: file },
        sha256: facts.sha256,
        size,
      }
    },
    clear: async () => {
      await Promise.all(
        keys.map((key) =>
          // A remaining blob is an orphan, which the sweep of blobs without a job removes.
          blobs.remove(key).catch((err: unknown) => log.warn({ err, key }, 'input not removed')),
        ),
      )
    },
  }
}

export const invalidImage = (param: string, complaint: string): AppError =>
  new AppError('invalid_image', `'${param}' ${complaint}.`, { param })

function inputType(head: Uint8Array): InputImage['contentType'] | undefined {
  const type = sniffImage(head)
  return type === 'image/gif' || type === 'image/avif' ? undefined : type
}

function checkSize(size: ImageSize | undefined, { type, param }: { type: string; param: string }) {
  // A JPEG's size may lie behind the bytes that are read.
  if (!size && type !== 'image/jpeg') throw invalidImage(param, 'has a damaged header')
  if (size && size.width * size.height > INPUT_PIXELS_MAX)
    throw invalidImage(param, `has more than ${INPUT_PIXELS_MAX / 1e6} megapixels`)
}

async function readAtLeast(source: AsyncIterator<Uint8Array>, length: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  while (bytes < length) {
    const { done, value } = await source.next()
    if (done) break
    chunks.push(value)
    bytes += value.length
  }
  return Buffer.concat(chunks)
}

/** Passes bytes through, counts them, and retains the first ones. */
function meter({
  start,
  rest,
  param,
  bytesMax,
  upload,
}: {
  start: Buffer
  rest: AsyncIterator<Uint8Array>
  param: string
  bytesMax: number
  upload: Pick<ByteHold, 'add'>
}) {
  const head: Uint8Array[] = []
  let total = 0
  let rejection: AppError | undefined

  const pass = (chunk: Uint8Array): Uint8Array => {
    if (total < HEAD_BYTES_MAX) head.push(chunk.subarray(0, HEAD_BYTES_MAX - total))
    total += chunk.length
    if (total <= bytesMax) return counted(chunk)
    rejection = new AppError('body_too_large', `'${param}' has more than ${bytesMax} bytes.`, {
      param,
      details: { bytes_max: bytesMax },
    })
    throw rejection
  }
  const counted = (chunk: Uint8Array): Uint8Array => {
    try {
      upload.add(chunk.length)
      return chunk
    } catch (error) {
      if (isAppError(error)) rejection = error
      throw error
    }
  }
  // Retains why the source ended early: a blob store only sees that it did.
  const read = async () => {
    try {
      return await rest.next()
    } catch (error) {
      if (isAppError(error)) rejection = error
      throw error
    }
  }
  async function* bytes() {
    yield pass(start)
    for (let next = await read(); !next.done; next = await read()) yield pass(next.value)
  }
  return { bytes: bytes(), head: () => Buffer.concat(head), rejection: () => rejection }
}
