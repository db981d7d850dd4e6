import type { BlobStore } from '@sluice/blobs/blob-store'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Metrics } from '@sluice/service-kit/metrics'
import type { PictureLinks } from '@sluice/signing/picture-link'

/** What imgproxy asks of the world. */
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
  /** A stored picture above this is served as it is, but no variant of it is drawn. */
  sourceBytesMax: number
  /** Variants are drawn by so many at once … */
  renderingMax: number
  /** … and so many may wait for their turn; beyond that the answer is 503. */
  waitingMax: number
  waitMsMax: number
  /** One drawing, from decoding to the last try of a thumbnail. */
  generateMsMax: number
  /** Drawn variants kept in memory. */
  cacheBytesMax: number
}

export const imgproxyLimits: ImgproxyLimits = {
  sourceBytesMax: 64 * 1024 * 1024,
  renderingMax: 2,
  waitingMax: 64,
  waitMsMax: 10_000,
  generateMsMax: 5_000,
  cacheBytesMax: 64 * 1024 * 1024,
}
