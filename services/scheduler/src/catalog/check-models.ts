import type { CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import { foldCase } from '@sluice/kernel/fold-case'

interface Offer {
  models: readonly ChannelModel[]
  /** The other channels of the installation. */
  others: Iterable<Pick<CatalogChannel, 'models'>>
}

/**
 * Throws `invalid_value` when a channel would offer a public model name twice, or one that differs from another
 * of the installation only by case: API keys, prices and users could confuse the two.
 */
export function checkModels({ models, others }: Offer): void {
  const byFold = new Map<string, string>()
  for (const { model } of models) {
    const other = byFold.get(foldCase(model))
    if (other === model) throw refused(`the model ${model} is listed twice`)
    if (other !== undefined) throw alike(other, model)
    byFold.set(foldCase(model), model)
  }
  for (const channel of others) {
    for (const { model } of channel.models) {
      const own = byFold.get(foldCase(model))
      if (own !== undefined && own !== model) throw alike(own, model)
    }
  }
}

const alike = (one: string, other: string) =>
  refused(`the models ${one} and ${other} differ only by case or by characters that look alike`)

const refused = (message: string) => new AppError('invalid_value', message, { param: 'models' })
