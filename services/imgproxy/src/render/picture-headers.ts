import type { PictureRef } from '@sluice/signing/picture-link'

export interface PictureHeadersInput {
  picture: PictureRef
  /** Undefined for bytes that are no picture: they are offered for download, never shown. */
  contentType: string | undefined
  contentLength: number
  tag: string
  /** Seconds that the link still lives. */
  maxAgeSeconds: number
  ranges: boolean
}

/** Headers of a picture in any shape. */
export function pictureHeaders(input: PictureHeadersInput): Record<string, string> {
  const { picture, contentType, contentLength, ranges } = input
  const extension = contentType?.replace('image/', '').replace('jpeg', 'jpg') ?? 'bin'
  const disposition = contentType === undefined ? 'attachment' : 'inline'
  return {
    ...cacheHeaders(input),
    'content-type': contentType ?? 'application/octet-stream',
    'content-length': String(contentLength),
    'content-disposition': `${disposition}; filename="${picture.task}-${picture.index}.${extension}"`,
    'accept-ranges': ranges ? 'bytes' : 'none',
    'x-content-type-options': 'nosniff',
    // Whatever the bytes turn out to be: no script of them runs in our name.
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'cross-origin',
  }
}

/**
 * The bytes behind a link never change, and whoever has the link may see them: caches may keep them
 * without asking, until the link ends.
 */
export function cacheHeaders({
  tag,
  maxAgeSeconds,
}: Pick<PictureHeadersInput, 'tag' | 'maxAgeSeconds'>): Record<string, string> {
  return { etag: tag, 'cache-control': `public, max-age=${maxAgeSeconds}, immutable` }
}
