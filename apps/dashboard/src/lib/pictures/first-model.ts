import type { ImageModel } from '@sluice/contracts/control/images'

/** What programs ask for by default, and so what a person who has not chosen yet most likely means. */
const FAMILIAR = 'gpt-image-2'

/** The model to begin with: the familiar one where it is offered, else the first. Undefined without any. */
export function firstModel<Model extends Pick<ImageModel, 'model'>>(
  models: readonly Model[],
): Model | undefined {
  return models.find(({ model }) => model === FAMILIAR) ?? models[0]
}
