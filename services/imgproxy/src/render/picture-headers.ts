import type { PictureRef } from '@sluice/signing/picture-link'

export interface PictureHeadersInput {
  picture: PictureRef
  /** Undefined for bytes that are not a picture: they are sent as an attachment. */
  contentType: string | undefined
  contentLength: number
  tag: string
  /** Seconds until the link expires. */
  maxAgeSeconds: number
  ranges: boolean
}

/** The response headers of a picture or a variant. */
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
    // Prevents scripts in the bytes from running in the origin of the gateway.
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'cross-origin',
  }
}

/**
 * The bytes of a link never change and are readable by everyone who has the link: shared caches may store
 * them without revalidation until the link expires.
 */
export function cacheHeaders({
  tag,
  maxAgeSeconds,
}: Pick<PictureHeadersInput, 'tag' | 'maxAgeSeconds'>): Record<string, string> {
  return { etag: tag, 'cache-control': `public, max-age=${maxAgeSeconds}, immutable` }
}
