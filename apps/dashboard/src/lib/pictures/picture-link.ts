/** What the picture server draws of a stored picture (services/imgproxy). */
export interface Variant {
  widthPx: number
  format?: 'webp'
}

/** A smaller copy of a picture, behind the same signature. Never wider than the picture itself. */
export function variantLink(url: string, { widthPx, format = 'webp' }: Variant): string {
  const link = `${url}${url.includes('?') ? '&' : '?'}w=${widthPx}`
  return `${link}&format=${format}`
}

/** The same for dense screens. */
export function variantLinks(url: string, widthPx: number): string {
  const dense = variantLink(url, { widthPx: widthPx * 2 })
  return `${variantLink(url, { widthPx })} 1x, ${dense} 2x`
}

/** When a signed link stops working; 0 for a link that does not say. */
export function linkEndsAtMs(url: string): number {
  const seconds = Number(/[?&]exp=(\d{1,12})(?:&|$)/.exec(url)?.[1] ?? 0)
  return seconds * 1_000
}
