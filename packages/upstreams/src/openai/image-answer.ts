import type { ImageBackground, ImageFacts, ImageQuality } from '@sluice/contracts/image-request'
import type { ImageRequest } from '@sluice/contracts/image-request'
import { imageBackground, imageQuality } from '@sluice/contracts/image-request'

import { z } from 'zod'

import type { PictureHeader } from '../picture-header.ts'

// Lenient on purpose: a lie or a novelty in one field must not cost the picture beside it.
const text = z.string().nullish().catch(undefined)

/** What the upstream says that it drew. */
const statedFacts = z.looseObject({
  quality: text,
  background: text,
  usage: z.unknown().optional(),
})
export type StatedFacts = z.output<typeof statedFacts>

/** The facts beside the pictures, wherever the wire form keeps them. Pure. */
export function statedFactsOf(value: unknown): StatedFacts {
  const outer = statedFacts.safeParse(value)
  if (!outer.success) return {}
  // The Responses API wraps them.
  const inner = statedFacts.safeParse(outer.data['response'] ?? outer.data['item'])
  return inner.success ? { ...inner.data, ...outer.data } : outer.data
}

// Words of older models and of look-alikes.
const qualities: Readonly<Record<string, ImageQuality>> = { standard: 'medium', hd: 'high' }

/** Taken when neither the caller nor the upstream says. */
export const UNSTATED_QUALITY: ImageQuality = 'medium'

/**
 * What a picture is. Size and format are read from its own bytes, never believed; quality is the
 * upstream's word, else what was asked; transparency needs a picture that can be transparent. Pure.
 */
export function factsOf({
  header: { width, height, format, alpha },
  stated,
  asked,
}: {
  header: PictureHeader
  stated: StatedFacts
  asked: ImageRequest
}): ImageFacts {
  const quality = qualityOf(stated.quality) ?? qualityOf(asked.quality) ?? UNSTATED_QUALITY
  const said = backgroundOf(stated.background) ?? backgroundOf(asked.background)
  const background = alpha && said === 'transparent' ? 'transparent' : 'opaque'
  return { width, height, format, quality, background }
}

function qualityOf(word: string | null | undefined): ImageQuality | undefined {
  const parsed = imageQuality.safeParse(word)
  return parsed.success ? parsed.data : qualities[word ?? '']
}

function backgroundOf(word: string | null | undefined): ImageBackground | undefined {
  return imageBackground.safeParse(word).data
}
