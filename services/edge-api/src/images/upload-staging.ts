import { Readable } from 'node:stream'

import type { InputImage } from '@sluice/contracts/image-request'
import { inputKey } from '@sluice/jobs/blob-keys'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { ImageSize } from '@sluice/protocol/images/sniff-image'
import { readImageSize, SNIFF_BYTES, sniffImage } from '@sluice/protocol/images/sniff-image'

import type { ByteHold } from '../byte-budget.ts'
import type { EdgeDeps } from '../deps.ts'

/** Sizes stand in the first bytes of a file; of a JPEG, behind what its camera wrote in front. */
const HEAD_BYTES_MAX = 256 * 1024
/** What an input may promise to be. Nothing is decoded here, but upstreams will. */
const INPUT_PIXELS_MAX = 64_000_000

export interface StoredInput {
  image: InputImage
  sha256: string
  /** Undefined when it does not stand in the file's head. */
  size: ImageSize | undefined
}

export interface StagedInput {
  source: AsyncIterable<Uint8Array>
  /** The file's name towards the upstream, without extension. */
  name: string
  /** The caller's parameter, for refusals. */
  param: string
  bytesMax: number
}

/** Where the pictures of one request lie until its job is written, or it is refused. */
export interface UploadStaging {
  /** Stores a picture. Throws `invalid_image` for what is no PNG, JPEG or WebP, and `body_too_large`. */
  put(input: StagedInput): Promise<StoredInput>
  /** Removes everything that was put: the request came to nothing. Never throws. */
  clear(): Promise<void>
}

/**
 * A shelf of its own for each request, also for repeats of one Idempotency-Key: the pictures of a job that
 * runs are never overwritten or removed by who asks again.
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
          throw metered.refusal() ?? error
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
          // What stays is an orphan, which the sweep of blobs without a job removes.
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
  // A JPEG may carry more than the head in front of its size.
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

/** Passes bytes on, counts them, and keeps the head. */
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
  let refusal: AppError | undefined

  const pass = (chunk: Uint8Array): Uint8Array => {
    if (total < HEAD_BYTES_MAX) head.push(chunk.subarray(0, HEAD_BYTES_MAX - total))
    total += chunk.length
    if (total <= bytesMax) return counted(chunk)
    refusal = new AppError('body_too_large', `'${param}' has more than ${bytesMax} bytes.`, {
      param,
      details: { bytes_max: bytesMax },
    })
    throw refusal
  }
  const counted = (chunk: Uint8Array): Uint8Array => {
    try {
      upload.add(chunk.length)
      return chunk
    } catch (error) {
      if (isAppError(error)) refusal = error
      throw error
    }
  }
  // Why the source ended early: a store only sees that it did.
  const read = async () => {
    try {
      return await rest.next()
    } catch (error) {
      if (isAppError(error)) refusal = error
      throw error
    }
  }
  async function* bytes() {
    yield pass(start)
    for (let next = await read(); !next.done; next = await read()) yield pass(next.value)
  }
  return { bytes: bytes(), head: () => Buffer.concat(head), refusal: () => refusal }
}
