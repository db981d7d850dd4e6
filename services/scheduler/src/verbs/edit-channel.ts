import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'

import type { SchedulerParts } from '../deps.ts'
import { tellChange } from './tell-change.ts'

type Spec = (typeof schedulerContract)['methods']['editChannel']

/**
 * Adds the channel, or replaces the one of that name; its credentials stay. Throws `invalid_value` for a
 * model that is named twice and for a base URL that is none.
 */
export async function editChannel(
  parts: SchedulerParts,
  input: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalogStore, clock, random } = parts
  check(input)
  const channel = { ...input, newChannelId: newId('chan', { clock, random }) }
  const { channelId } = await catalogStore.saveChannel({ channel, at: clock.now() })
  await tellChange(parts, { freed: input.enabled ? [channelId] : [] })
  return { channelId }
}

function check({ models, dialect, baseUrl }: InputOf<Spec>): void {
  const names = models.map(({ model }) => model)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw new AppError('invalid_value', `the model ${twice} is named twice`, { param: 'models' })
  }
  // The sandbox is inside the house and has no address.
  if (dialect === 'sandbox') return
  const url = URL.parse(baseUrl)
  const plain = url !== null && url.username === '' && url.password === '' && url.hash === ''
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw new AppError('invalid_value', 'must be an http(s) address without a password', {
      param: 'baseUrl',
    })
  }
}
