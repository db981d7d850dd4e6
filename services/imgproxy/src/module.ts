import type { HealthCheck } from '@sluice/service-kit/http/health'
import sharp from 'sharp'

import { imageApp } from './accept/image-app.ts'
import type { ImgproxyDeps } from './deps.ts'
import { createServeImage } from './serve-image.ts'

/** Serves pictures by signed links. `app` has the routes below `/p/` and runs on Node. */
export interface Imgproxy {
  app: ReturnType<typeof imageApp>
  start(): Promise<void>
  stop(): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Creates the module; opens no socket. */
export function createImgproxy(deps: ImgproxyDeps): Imgproxy {
  const app = imageApp(deps, { serveImage: createServeImage(deps) })
  return {
    app,
    start: async () => {
      // Process-wide settings: each rendering uses one core, and variants are cached in create-renderer.
      sharp.concurrency(1)
      sharp.cache(false)
    },
    // The HTTP server drains running responses; there is nothing else to stop.
    stop: async () => {},
    checks: { blobs: () => deps.blobs.check() },
  }
}
