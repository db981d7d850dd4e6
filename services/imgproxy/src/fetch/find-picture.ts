import { buffer } from 'node:stream/consumers'

import { AppError } from '@sluice/kernel/app-error'
import type { SniffedType } from '@sluice/protocol/images/sniff-image'
import { SNIFF_BYTES, sniffImage } from '@sluice/protocol/images/sniff-image'
import type { PictureRef } from '@sluice/signing/picture-link'
import { LRUCache } from 'lru-cache'

import type { ImgproxyDeps } from '../deps.ts'
import type { FoundPicture } from '../picture.ts'

const CACHED_TYPES_MAX = 10_000

export type FindPicture = (picture: PictureRef) => Promise<FoundPicture>

/** Looks up a picture of a job. Its type is detected from its bytes once, and cached by checksum. */
export function createFindPicture({ blobs }: Pick<ImgproxyDeps, 'blobs'>): FindPicture {
  const types = new LRUCache<string, { contentType: SniffedType | undefined }>({
    max: CACHED_TYPES_MAX,
  })
  return async ({ task, index }) => {
    const key = `jobs/${task}/parts/${index}`
    const facts = await blobs.stat(key)
    if (!facts) throw pictureNotFound()
    const { bytes, sha256 } = facts
    const known = types.get(sha256)
    if (known) return { key, bytes, sha256, ...known }
    const head = await blobs.open(key, { start: 0, end: Math.min(SNIFF_BYTES, bytes) - 1 })
    if (!head) throw pictureNotFound()
    const sniffed = { contentType: sniffImage(await buffer(head.stream)) }
    types.set(sha256, sniffed)
    return { key, bytes, sha256, ...sniffed }
  }
}

/** The error for a valid link whose picture has been removed. */
export const pictureNotFound = () => new AppError('not_found', 'This picture is no longer stored.')
