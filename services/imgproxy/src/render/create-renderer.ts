import { AppError } from '@sluice/kernel/app-error'
import { singleFlight } from '@sluice/kernel/single-flight'
import { LRUCache } from 'lru-cache'

import type { ImgproxyDeps, ImgproxyLimits } from '../deps.ts'
import { entityTag } from '../variant.ts'
import { createRenderSlots } from './render-slots.ts'
import type { RenderableVariant, RenderedVariant } from './render-variant.ts'
import { renderVariant } from './render-variant.ts'

export interface RenderInput {
  sha256: string
  bytes: number
  variant: RenderableVariant
  /** Reads the source; called only when the variant is not cached. */
  readSource: () => Promise<Uint8Array>
}

export type RenderVariant = (input: RenderInput) => Promise<RenderedVariant>

/**
 * Renders variants; concurrent requests for the same variant share one rendering, and the result is cached.
 * The cache is keyed by content: a picture that is replaced under the same name has another entry.
 */
export function createRenderer(
  { clock, metrics }: Pick<ImgproxyDeps, 'clock' | 'metrics'>,
  limits: ImgproxyLimits,
): RenderVariant {
  const slots = createRenderSlots({ clock, ...limits })
  const flights = singleFlight<RenderedVariant>()
  const rendered = new LRUCache<string, RenderedVariant>({
    maxSize: limits.cacheBytesMax,
    sizeCalculation: ({ bytes }) => bytes.length + 1,
  })
  const seconds = metrics.histogram({
    name: 'sluice_picture_render_seconds',
    help: 'Time to render a variant of a picture.',
    labels: { kind: ['resized', 'thumbnail'] },
    buckets: [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  })
  metrics.watch({
    name: 'sluice_picture_renderings_waiting',
    help: 'Variants that are queued for rendering.',
    read: () => slots.waiting,
  })

  const render = async ({ variant, readSource }: RenderInput) => {
    const source = await readSource()
    const startedMs = clock.monotonicMs()
    const picture = await renderVariant(
      { clock, renderMsMax: limits.renderMsMax },
      { source, variant },
    )
    seconds.observe({ kind: variant.kind }, (clock.monotonicMs() - startedMs) / 1_000)
    return picture
  }

  return (input) => {
    const name = entityTag(input.sha256, input.variant)
    const cached = rendered.get(name)
    if (cached) return Promise.resolve(cached)
    if (input.bytes > limits.sourceBytesMax)
      return Promise.reject(
        new AppError('invalid_image', 'This picture is too large for variants.'),
      )
    return flights.run(name, async () => {
      const picture = await slots.run(() => render(input))
      rendered.set(name, picture)
      return picture
    })
  }
}
