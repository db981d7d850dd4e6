export const variantFormats = ['webp', 'avif', 'jpeg', 'png'] as const
export type VariantFormat = (typeof variantFormats)[number]
export const thumbnailFormats = ['webp', 'jpeg'] as const
export type ThumbnailFormat = (typeof thumbnailFormats)[number]

/** In which shape a picture is wanted. */
export type Variant =
  | { kind: 'original' }
  /** Never wider than the original; null keeps its width, or its format. */
  | { kind: 'resized'; width: number | null; format: VariantFormat | null }
  /** The largest one that has at most so many bytes. */
  | { kind: 'thumbnail'; bytesMax: number; format: ThumbnailFormat }

// Raised when the same variant comes out in other bytes, so that no cache joins old and new ones.
const DRAWING_VERSION = 1

/** The strong entity tag of a variant of these bytes. Known before anything is drawn. */
export function entityTag(sha256: string, variant: Variant): string {
  const name = variantName(variant)
  return `"${sha256.slice(0, 32)}${name === '' ? '' : `-${DRAWING_VERSION}${name}`}"`
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
