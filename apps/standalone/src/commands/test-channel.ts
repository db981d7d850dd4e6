import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'

import type { Tools } from '../tools.ts'
import type { Command } from './command.ts'
import { examinationText } from './examination-text.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

const CREDENTIALS_MAX = 20

export const testChannel: Command = {
  needsSecrets: true,
  usage: ['NAME', 'ask the upstream what each key of a channel may do; costs and changes nothing'],
  run: async (tools, args) => {
    const wanted = readArguments(args, {}).word(0, 'the name of the channel')
    const { channels } = await tools.scheduler.readCatalog({ fresh: true })
    const channel = channels.find(({ name }) => name === wanted)
    if (!channel) throw new Error(`there is no channel ${wanted}`)
    if (channel.dialect === 'sandbox') {
      print('The sandbox answers in this process and asks nobody.')
      return 0
    }
    let allAnswer = channel.credentials.length > 0
    for (const credential of channel.credentials.slice(0, CREDENTIALS_MAX)) {
      const { answers, cliArgs } = await lookAt(tools, channel, credential)
      allAnswer &&= answers
      print(`${credential.id}  ${credential.state}  ${cliArgs}`)
    }
    return allAnswer ? 0 : 1
  },
}

async function lookAt(
  { examine, log }: Tools,
  channel: CatalogChannel,
  credential: CatalogCredential,
): Promise<{ answers: boolean; cliArgs: string }> {
  try {
    return examinationText(await examine(channel, credential))
  } catch (err) {
    log.debug({ err, credentialId: credential.id }, 'a secret could not be opened')
    return { answers: false, cliArgs: 'its secret cannot be opened with these SEALING_KEYS' }
  }
}
