import type { BlobStore } from '@sluice/blobs/blob-store'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Metrics } from '@sluice/service-kit/metrics'
import type { PictureLinks } from '@sluice/signing/picture-link'

/** The dependencies of imgproxy. */
export interface ImgproxyDeps {
  links: PictureLinks
  blobs: BlobStore
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  limits?: Partial<ImgproxyLimits>
}

export interface ImgproxyLimits {
  /** No variant of a larger stored picture is rendered; the original is still served. */
  sourceBytesMax: number
  /** How many variants are rendered concurrently. */
  renderingMax: number
  /** How many variants may be queued for rendering; above that the response is 503. */
  waitingMax: number
  waitMsMax: number
  /** The time limit of one rendering, from decoding to the last attempt of a thumbnail. */
  renderMsMax: number
  /** The size of the in-memory cache of rendered variants. */
  cacheBytesMax: number
}

export const imgproxyLimits: ImgproxyLimits = {
  sourceBytesMax: 64 * 1024 * 1024,
  renderingMax: 2,
  waitingMax: 64,
  waitMsMax: 10_000,
  renderMsMax: 5_000,
  cacheBytesMax: 64 * 1024 * 1024,
}
