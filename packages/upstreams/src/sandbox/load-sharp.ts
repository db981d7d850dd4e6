import type sharp from 'sharp'

export type Sharp = typeof sharp

/**
 * Loads the picture library when the first picture is drawn: it costs a process 30 MB that only draws
 * elsewhere. One thread a picture, and no cache: pictures here are small and never come twice.
 */
export async function loadSharp(): Promise<Sharp> {
  const { default: library } = await import('sharp')
  library.concurrency(1)
  library.cache(false)
  return library
}
