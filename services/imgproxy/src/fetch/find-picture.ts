import { buffer } from 'node:stream/consumers'

import { AppError } from '@sluice/kernel/app-error'
import type { SniffedType } from '@sluice/protocol/images/sniff-image'
import { SNIFF_BYTES, sniffImage } from '@sluice/protocol/images/sniff-image'
import type { PictureRef } from '@sluice/signing/picture-link'
import { LRUCache } from 'lru-cache'

import type { ImgproxyDeps } from '../deps.ts'
import type { FoundPicture } from '../picture.ts'

const TYPES_REMEMBERED_MAX = 10_000

export type FindPicture = (picture: PictureRef) => Promise<FoundPicture>

/** Looks up a part of a job. Its type is read from its bytes once, and remembered by its checksum. */
export function createFindPicture({ blobs }: Pick<ImgproxyDeps, 'blobs'>): FindPicture {
  const types = new LRUCache<string, { contentType: SniffedType | undefined }>({
    max: TYPES_REMEMBERED_MAX,
  })
  return async ({ task, index }) => {
    const key = `jobs/${task}/parts/${index}`
    const facts = await blobs.stat(key)
    if (!facts) throw gone()
    const { bytes, sha256 } = facts
    const known = types.get(sha256)
    if (known) return { key, bytes, sha256, ...known }
    const head = await blobs.open(key, { start: 0, end: Math.min(SNIFF_BYTES, bytes) - 1 })
    if (!head) throw gone()
    const sniffed = { contentType: sniffImage(await buffer(head.stream)) }
    types.set(sha256, sniffed)
    return { key, bytes, sha256, ...sniffed }
  }
}

/** The picture of a link that we signed has been removed since. */
export const gone = () => new AppError('not_found', 'This picture is not stored any more.')
