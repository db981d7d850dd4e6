import type { ImageModel } from '@sluice/contracts/control/images'

/** The default model of programs, and so the likely choice of a new user. */
const FAMILIAR = 'gpt-image-2'

/** The initial model: the default of programs if available, otherwise the first. Undefined without models. */
export function firstModel<Model extends Pick<ImageModel, 'model'>>(
  models: readonly Model[],
): Model | undefined {
  return models.find(({ model }) => model === FAMILIAR) ?? models[0]
}
