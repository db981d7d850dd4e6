import type { ChannelModel } from '@sluice/contracts/scheduler.contract'

/** The models that every sandbox channel offers. */
export const sandboxModels: ChannelModel[] = [
  { model: 'sandbox-image', upstreamModel: 'sandbox-image', kinds: ['image'] },
  { model: 'sandbox-chat', upstreamModel: 'sandbox-chat', kinds: ['chat'] },
]
