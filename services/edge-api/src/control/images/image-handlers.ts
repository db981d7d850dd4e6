import type { ControlParts } from '../control-parts.ts'
import type { ControlHandlers } from '../handlers.ts'
import { cancelAnyImage, cancelImage } from './cancel-image.ts'
import { createImages } from './create-images.ts'
import { estimateImages } from './estimate-images.ts'
import { followImage } from './follow-image.ts'
import { getAnyImage, getImage } from './get-image.ts'
import { imageParts } from './image-parts.ts'
import { listAllImages } from './list-all-images.ts'
import { listImageModels } from './list-image-models.ts'
import { listImages } from './list-images.ts'
import { retryImage } from './retry-image.ts'
import { sendPartial } from './send-partial.ts'

/** What people do with pictures: their own. */
export function imageHandlers(control: ControlParts) {
  const parts = imageParts(control)
  return {
    listImageModels: async () => listImageModels(parts),
    estimateImages: (call) => estimateImages(parts, call),
    createImages: (call) => createImages(parts, call),
    listImages: (call) => listImages(parts, call),
    getImage: (call) => getImage(parts, call),
    followImage: (call) => followImage(parts, call),
    getImagePartial: (call) => sendPartial(parts, call),
    cancelImage: (call) => cancelImage(parts, call),
    retryImage: (call) => retryImage(parts, call),
  } satisfies Partial<ControlHandlers>
}

/** What operators see and do of everybody's pictures. */
export function adminImageHandlers({ door }: ControlParts) {
  const parts = { door }
  return {
    listAllImages: (call) => listAllImages(parts, call),
    getAnyImage: (call) => getAnyImage(parts, call),
    cancelAnyImage: (call) => cancelAnyImage(parts, call),
  } satisfies Partial<ControlHandlers>
}
