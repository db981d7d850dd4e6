import type { ControlContext } from '../control-context.ts'
import type { ControlHandlers } from '../handlers.ts'
import { addCredentials } from './add-credentials.ts'
import { addModelPrice } from './add-model-price.ts'
import { createChannel } from './create-channel.ts'
import { editChannel } from './edit-channel.ts'
import { editCredential } from './edit-credential.ts'
import { findChannel } from './find-channel.ts'
import { listModels } from './list-models.ts'
import { toChannelDto } from './channel-dto.ts'
import { testChannel } from './test-channel.ts'

type Operation =
  | 'listChannels'
  | 'createChannel'
  | 'getChannel'
  | 'editChannel'
  | 'testChannel'
  | 'addCredentials'
  | 'editCredential'
  | 'listModels'
  | 'addModelPrice'

/** Channels with their pools, public models and prices, for operators. */
export function adminChannelHandlers({
  gateway: { deps },
}: Pick<ControlContext, 'gateway'>): Pick<ControlHandlers, Operation> {
  return {
    async listChannels() {
      const { channels } = await deps.scheduler.readCatalog({ fresh: true })
      return { items: channels.map(toChannelDto) }
    },
    getChannel: async ({ params }) => toChannelDto(await findChannel(deps, params.id)),
    createChannel: (call) => createChannel(deps, call),
    editChannel: (call) => editChannel(deps, call),
    testChannel: (call) => testChannel(deps, call),
    addCredentials: (call) => addCredentials(deps, call),
    editCredential: (call) => editCredential(deps, call),
    listModels: () => listModels(deps),
    addModelPrice: (call) => addModelPrice(deps, call),
  }
}
