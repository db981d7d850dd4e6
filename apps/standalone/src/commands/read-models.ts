import type { ChannelModel } from '@sluice/contracts/scheduler.contract'

import { refuse } from './read-arguments.ts'

/** Parses models from arguments: `public[=upstream]:chat|image`. */
export function readModels(cliArgs: string[]): ChannelModel[] {
  return cliArgs.map((arg) => {
    const match = /^([^:=\s]+)(?:=([^:=\s]+))?:(chat|image)$/.exec(arg)
    const [, model, upstreamModel, kind] = match ?? []
    if (!model || (kind !== 'chat' && kind !== 'image')) {
      return refuse(`${arg} is not a model: write name:chat, name:image or public=upstream:chat`)
    }
    return { model, upstreamModel: upstreamModel ?? model, kinds: [kind] }
  })
}
