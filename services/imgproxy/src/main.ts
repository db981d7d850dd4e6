import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { createNotFoundHandler } from '@sluice/service-kit/http/middleware'
import type { RequestEnv } from '@sluice/service-kit/http/middleware'
import { startService } from '@sluice/service-kit/start-service'
import { parseSigningKeys } from '@sluice/signing/parse-signing-keys'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { Hono } from 'hono'

import { imgproxyEnvironment } from './config.ts'
import { createImgproxy } from './module.ts'

// DISTRIBUTED WIRING: a blob folder shared by all services, and an HTTP port.
await startService({
  name: 'imgproxy',
  environment: imgproxyEnvironment,
  wire: async ({ name, env, clock, random, log, metrics }) => {
    const imgproxy = createImgproxy({
      // Imgproxy only verifies links: the base URL is used for signing only.
      links: createPictureLinks({
        baseUrl: 'http://imgproxy.invalid',
        keys: parseSigningKeys(env.SIGNING_KEYS),
        clock,
      }),
      blobs: createDiskBlobStore({ folder: env.BLOB_DIR, clock, random }),
      clock,
      random,
      log,
      metrics,
      limits: {
        renderingMax: env.VARIANTS_RENDERING_MAX,
        waitingMax: env.VARIANTS_WAITING_MAX,
        cacheBytesMax: env.VARIANT_CACHE_BYTES_MAX,
      },
    })
    return {
      checks: imgproxy.checks,
      parts: [{ name, start: imgproxy.start, stop: imgproxy.stop }],
      app: (health) => {
        const app = new Hono<RequestEnv>()
        app.route('/', imgproxy.app)
        app.route('/', health)
        app.notFound(createNotFoundHandler())
        return app
      },
    }
  },
})
