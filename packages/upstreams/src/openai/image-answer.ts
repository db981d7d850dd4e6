import type { ImageBackground, ImageFacts, ImageQuality } from '@sluice/contracts/image-request'
import type { ImageRequest } from '@sluice/contracts/image-request'
import { imageBackground, imageQuality } from '@sluice/contracts/image-request'

import { z } from 'zod'

import type { PictureHeader } from '../picture-header.ts'

// Lenient on purpose: an invalid or unknown value in one field must not invalidate the image.
const text = z.string().nullish().catch(undefined)

/** The facts that the upstream states about the image. */
const statedFacts = z.looseObject({
  quality: text,
  background: text,
  usage: z.unknown().optional(),
})
export type StatedFacts = z.output<typeof statedFacts>

/** Finds the stated facts in a response or event. Pure. */
export function statedFactsOf(value: unknown): StatedFacts {
  const outer = statedFacts.safeParse(value)
  if (!outer.success) return {}
  // The Responses API wraps them.
  const inner = statedFacts.safeParse(outer.data['response'] ?? outer.data['item'])
  return inner.success ? { ...inner.data, ...outer.data } : outer.data
}

// Values of older models and compatible services.
const qualities: Readonly<Record<string, ImageQuality>> = { standard: 'medium', hd: 'high' }

/** Used when neither the caller nor the upstream states a quality. */
export const UNSTATED_QUALITY: ImageQuality = 'medium'

/**
 * The facts of an image. Size and format are read from its bytes; quality is the stated one, else the
 * requested one; transparency requires an alpha channel. Pure.
 */
export function factsOf({
  header: { width, height, format, alpha },
  stated,
  requested,
}: {
  header: PictureHeader
  stated: StatedFacts
  requested: ImageRequest
}): ImageFacts {
  const quality = qualityOf(stated.quality) ?? qualityOf(requested.quality) ?? UNSTATED_QUALITY
  const effective = backgroundOf(stated.background) ?? backgroundOf(requested.background)
  const background = alpha && effective === 'transparent' ? 'transparent' : 'opaque'
  return { width, height, format, quality, background }
}

function qualityOf(value: string | null | undefined): ImageQuality | undefined {
  const parsed = imageQuality.safeParse(value)
  return parsed.success ? parsed.data : qualities[value ?? '']
}

function backgroundOf(value: string | null | undefined): ImageBackground | undefined {
  return imageBackground.safeParse(value).data
}
