import type { HealthCheck } from '@sluice/service-kit/http/health'
import sharp from 'sharp'

import { imageApp } from './accept/image-app.ts'
import type { ImgproxyDeps } from './deps.ts'
import { createServeImage } from './serve-image.ts'

/** Signed pictures out. `app` has the routes below `/p/` and is served by Node. */
export interface Imgproxy {
  app: ReturnType<typeof imageApp>
  start(): Promise<void>
  stop(): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Makes the module; opens no socket. */
export function createImgproxy(deps: ImgproxyDeps): Imgproxy {
  const app = imageApp(deps, { serveImage: createServeImage(deps) })
  return {
    app,
    start: async () => {
      // Settings of the whole process: each drawing takes one core, and what is drawn is cached by us.
      sharp.concurrency(1)
      sharp.cache(false)
    },
    // Answers that run are the server's to drain; nothing else is left behind.
    stop: async () => {},
    checks: { blobs: () => deps.blobs.check() },
  }
}
