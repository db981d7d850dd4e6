import type { ControlContext } from '../control-context.ts'
import type { ControlHandlers } from '../handlers.ts'
import { cancelAnyImage, cancelImage } from './cancel-image.ts'
import { createImages } from './create-images.ts'
import { estimateImages } from './estimate-images.ts'
import { followImage } from './follow-image.ts'
import { getAnyImage, getImage } from './get-image.ts'
import { createImagesContext } from './images-context.ts'
import { listAllImages } from './list-all-images.ts'
import { listImageModels } from './list-image-models.ts'
import { listImages } from './list-images.ts'
import { retryImage } from './retry-image.ts'
import { sendPartial } from './send-partial.ts'

/** Image operations on the user's own tasks. */
export function imageHandlers(control: ControlContext) {
  const context = createImagesContext(control)
  return {
    listImageModels: async () => listImageModels(context),
    estimateImages: (call) => estimateImages(context, call),
    createImages: (call) => createImages(context, call),
    listImages: (call) => listImages(context, call),
    getImage: (call) => getImage(context, call),
    followImage: (call) => followImage(context, call),
    getImagePartial: (call) => sendPartial(context, call),
    cancelImage: (call) => cancelImage(context, call),
    retryImage: (call) => retryImage(context, call),
  } satisfies Partial<ControlHandlers>
}

/** Image operations of operators on all users' tasks. */
export function adminImageHandlers({ gateway }: ControlContext) {
  const context = { gateway }
  return {
    listAllImages: (call) => listAllImages(context, call),
    getAnyImage: (call) => getAnyImage(context, call),
    cancelAnyImage: (call) => cancelAnyImage(context, call),
  } satisfies Partial<ControlHandlers>
}
