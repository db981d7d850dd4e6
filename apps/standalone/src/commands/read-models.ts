import type { ChannelModel } from '@sluice/contracts/scheduler.contract'

import { refuse } from './read-arguments.ts'

/** Models as a command names them: `public[=upstream]:chat|image`. */
export function readModels(cliArgs: string[]): ChannelModel[] {
  return cliArgs.map((word) => {
    const match = /^([^:=\s]+)(?:=([^:=\s]+))?:(chat|image)$/.exec(word)
    const [, model, upstreamModel, kind] = match ?? []
    if (!model || (kind !== 'chat' && kind !== 'image')) {
      return refuse(`${word} is no model: write name:chat, name:image or public=upstream:chat`)
    }
    return { model, upstreamModel: upstreamModel ?? model, kinds: [kind] }
  })
}
