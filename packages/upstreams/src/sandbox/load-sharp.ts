import type sharp from 'sharp'

export type Sharp = typeof sharp

/**
 * Loads sharp for the first image, since it costs 30 MB. One thread per image and no cache: images here are
 * small and not repeated.
 */
export async function loadSharp(): Promise<Sharp> {
  const { default: library } = await import('sharp')
  library.concurrency(1)
  library.cache(false)
  return library
}
