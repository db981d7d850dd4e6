import type { Readable } from 'node:stream'

import type { SniffedType } from '@sluice/protocol/images/sniff-image'
import type { PictureRef } from '@sluice/signing/picture-link'

import type { Variant } from './variant.ts'

/** Types that the stages exchange. */

export interface PictureQuery {
  exp: string | undefined
  sig: string | undefined
  variant: Variant
}

export interface PictureRequest {
  method: 'GET' | 'HEAD'
  picture: { task: string; index: string }
  query: PictureQuery
  ifNoneMatch: string | undefined
  range: string | undefined
  ifRange: string | undefined
}

export interface CheckedLink extends PictureRef {
  /** The expiry of the link; its response may be cached until then. */
  expiresAt: Date
}

/** A stored picture, not opened yet. */
export interface FoundPicture {
  key: string
  bytes: number
  sha256: string
  /** Detected from the bytes; undefined when they are not a supported picture format. */
  contentType: SniffedType | undefined
}

export interface PictureResponse {
  status: 200 | 206 | 304 | 416
  headers: Record<string, string>
  body?: Readable | Uint8Array
}
