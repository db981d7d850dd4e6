import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { Hono } from 'hono'
import { onTestFinished } from 'vitest'

import type { ImgproxyLimits } from '../src/deps.ts'
import { createImgproxy } from '../src/module.ts'

export const task = `img_${'0123456789abcdef'.repeat(2)}`
export const oldKey = { id: 'k1', secret: 'an older secret that is long enough to sign with' }
export const newKey = { id: 'k2', secret: 'a newer secret that is long enough to sign with' }

interface FixtureOptions {
  keys?: (typeof oldKey)[]
  limits?: Partial<ImgproxyLimits>
  clock?: Clock
}

/** imgproxy on its own port, with an in-memory blob store. */
export async function createFixture({
  keys = [newKey, oldKey],
  limits,
  clock = systemClock,
}: FixtureOptions = {}) {
  const log = createLog({ name: 'test', level: 'silent' })
  const blobs = createMemoryBlobStore({ clock })
  const metrics = createMetrics({ service: 'test' })
  const imgproxy = createImgproxy({
    links: createPictureLinks({ baseUrl: 'http://localhost', keys, clock }),
    blobs,
    clock,
    random: systemRandom,
    log,
    metrics,
    ...(limits && { limits }),
  })
  await imgproxy.start()
  const app = new Hono().route('/', imgproxy.app)
  const server = await serveHttp({ app, port: 0, host: '127.0.0.1', log })
  onTestFinished(async () => {
    await server.close({ withinMs: 100 })
    await imgproxy.stop()
  })

  return {
    blobs,
    clock,
    metrics,
    checks: imgproxy.checks,
    url: server.url,
    store: (bytes: Uint8Array, { index = 0, contentType = 'image/png' } = {}) =>
      blobs.put(`jobs/${task}/parts/${index}`, bytes, { contentType, bytesMax: 1e9 }),
    /** A link to a picture on this server, signed with the newest of `signers`. */
    link: (
      variant = '',
      { index = 0, signers = keys, expiresAt = new Date(clock.nowMs() + 3_600_000) } = {},
    ) =>
      createPictureLinks({ baseUrl: server.url, keys: signers, clock }).sign(
        { task, index },
        expiresAt,
      ) + variant,
  }
}
