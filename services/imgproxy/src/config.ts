import { integerSetting } from '@sluice/service-kit/read-config'
import { serviceEnvironment } from '@sluice/service-kit/service-environment'
import { z } from 'zod'

import { imgproxyLimits } from './deps.ts'

const MIB = 1024 * 1024
const limits = imgproxyLimits

/** The environment variables of this service in distributed mode. */
export const imgproxyEnvironment = z.object({
  ...serviceEnvironment({ port: 8090, drainMs: 30_000, shutdownDelayMs: 5_000 }),
  /** The blob folder, on the same volume as for edge-api and image-runner. */
  BLOB_DIR: z.string().min(1),
  /** `id:base64[,id:base64]`, newest first; the same value for every service. */
  SIGNING_KEYS: z.string().min(1),
  VARIANTS_RENDERING_MAX: integerSetting({ min: 1, max: 64 }).default(limits.renderingMax),
  VARIANTS_WAITING_MAX: integerSetting({ min: 0, max: 10_000 }).default(limits.waitingMax),
  VARIANT_CACHE_BYTES_MAX: integerSetting({ min: MIB, max: 65_536 * MIB }).default(
    limits.cacheBytesMax,
  ),
})
