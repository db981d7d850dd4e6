/** The variant widths that the picture server renders (services/imgproxy). */
export interface Variant {
  widthPx: number
  format?: 'webp'
}

/** A smaller variant of a picture with the same signature. Never wider than the picture itself. */
export function variantLink(url: string, { widthPx, format = 'webp' }: Variant): string {
  const link = `${url}${url.includes('?') ? '&' : '?'}w=${widthPx}`
  return `${link}&format=${format}`
}

/** The same for dense screens. */
export function variantLinks(url: string, widthPx: number): string {
  const dense = variantLink(url, { widthPx: widthPx * 2 })
  return `${variantLink(url, { widthPx })} 1x, ${dense} 2x`
}

/** The expiry of a signed link; 0 for a link without one. */
export function linkEndsAtMs(url: string): number {
  const seconds = Number(/[?&]exp=(\d{1,12})(?:&|$)/.exec(url)?.[1] ?? 0)
  return seconds * 1_000
}
