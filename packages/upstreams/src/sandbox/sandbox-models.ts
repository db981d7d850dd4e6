import type { ChannelModel } from '@sluice/contracts/scheduler.contract'

/** What the sandbox always answers to. */
export const sandboxModels: ChannelModel[] = [
  { model: 'sandbox-image', upstreamModel: 'sandbox-image', kinds: ['image'] },
  { model: 'sandbox-chat', upstreamModel: 'sandbox-chat', kinds: ['chat'] },
]
