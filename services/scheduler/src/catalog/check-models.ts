import type { ChannelModel } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

/** Throws `invalid_value` when a channel would offer a public name twice. */
export function checkModels(models: readonly ChannelModel[]): void {
  const names = models.map(({ model }) => model)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  throw new AppError('invalid_value', `the model ${twice} is named twice`, { param: 'models' })
}
