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
  /** Reads the source; called only when the variant has to be drawn. */
  readSource: () => Promise<Uint8Array>
}

export type RenderVariant = (input: RenderInput) => Promise<RenderedVariant>

/**
 * Draws variants, each once while it is remembered, however many ask for it at the same time. The cache
 * is by content: a picture that is stored anew under the same name is another entry.
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
    name: 'sluice_picture_draw_seconds',
    help: 'Time to draw a variant of a picture.',
    labels: { kind: ['resized', 'thumbnail'] },
    buckets: [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  })
  metrics.watch({
    name: 'sluice_picture_drawings_waiting',
    help: 'Variants that wait for their turn to be drawn.',
    read: () => slots.waiting,
  })

  const render = async ({ variant, readSource }: RenderInput) => {
    const source = await readSource()
    const startedMs = clock.monotonicMs()
    const picture = await renderVariant(
      { clock, generateMsMax: limits.generateMsMax },
      { source, variant },
    )
    seconds.observe({ kind: variant.kind }, (clock.monotonicMs() - startedMs) / 1_000)
    return picture
  }

  return (input) => {
    const name = entityTag(input.sha256, input.variant)
    const known = rendered.get(name)
    if (known) return Promise.resolve(known)
    if (input.bytes > limits.sourceBytesMax)
      return Promise.reject(
        new AppError('invalid_image', 'This picture is too large to be drawn in another shape.'),
      )
    return flights.run(name, async () => {
      const picture = await slots.run(() => render(input))
      rendered.set(name, picture)
      return picture
    })
  }
}
