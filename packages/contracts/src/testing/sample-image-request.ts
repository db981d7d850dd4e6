import type { ImageRequest } from '../image-request.ts'

/** A request for one PNG picture, with the upstream's defaults. */
export const sampleImageRequest = (overrides: Partial<ImageRequest> = {}): ImageRequest => ({
  kind: 'generate',
  model: 'gpt-image-1',
  prompt: 'a lighthouse',
  count: 1,
  size: 'auto',
  quality: 'auto',
  background: 'auto',
  format: 'png',
  partialImages: 0,
  images: [],
  ...overrides,
})
