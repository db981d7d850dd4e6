export const variantFormats = ['webp', 'avif', 'jpeg', 'png'] as const
export type VariantFormat = (typeof variantFormats)[number]
export const thumbnailFormats = ['webp', 'jpeg'] as const
export type ThumbnailFormat = (typeof thumbnailFormats)[number]

/** The requested variant of a picture. */
export type Variant =
  | { kind: 'original' }
  /** Never wider than the original; null keeps its width, or its format. */
  | { kind: 'resized'; width: number | null; format: VariantFormat | null }
  /** The largest one that has at most `bytesMax` bytes. */
  | { kind: 'thumbnail'; bytesMax: number; format: ThumbnailFormat }

// Incremented when the same variant is rendered to other bytes, so that no cache mixes old and new ones.
const RENDERER_VERSION = 1

/** The strong entity tag of a variant of these bytes. Does not require rendering. */
export function entityTag(sha256: string, variant: Variant): string {
  const name = variantName(variant)
  return `"${sha256.slice(0, 32)}${name === '' ? '' : `-${RENDERER_VERSION}${name}`}"`
}

/** One name for each variant; empty for the original. */
export function variantName(variant: Variant): string {
  switch (variant.kind) {
    case 'original':
      return ''
    case 'resized':
      return `w${variant.width ?? 0}${variant.format ?? ''}`
    case 'thumbnail':
      return `t${variant.bytesMax}${variant.format}`
  }
}
