import { isBuiltIn } from '@sluice/contracts/dialects'
import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'

import type { Tools } from '../tools.ts'
import type { Command } from './command.ts'
import { examinationText } from './examination-text.ts'
import { print } from './print.ts'
import { readArguments } from './read-arguments.ts'

const CREDENTIALS_MAX = 20

export const testChannel: Command = {
  needsSecrets: true,
  usage: ['NAME', 'check what each key of a channel may do at its upstream; free, changes nothing'],
  run: async (tools, args) => {
    const wantedName = readArguments(args, {}).positional(0, 'the name of the channel')
    const { channels } = await tools.scheduler.readCatalog({ fresh: true })
    const channel = channels.find(({ name }) => name === wantedName)
    if (!channel) throw new Error(`there is no channel ${wantedName}`)
    if (isBuiltIn(channel.dialect)) {
      print(`A ${channel.dialect} channel has no upstream: nothing to test.`)
      return 0
    }
    let allAccepted = channel.credentials.length > 0
    for (const credential of channel.credentials.slice(0, CREDENTIALS_MAX)) {
      const { accepted, text } = await examine(tools, channel, credential)
      allAccepted &&= accepted
      print(`${credential.id}  ${credential.state}  ${text}`)
    }
    return allAccepted ? 0 : 1
  },
}

async function examine(
  { examine: probe, log }: Tools,
  channel: CatalogChannel,
  credential: CatalogCredential,
): Promise<{ accepted: boolean; text: string }> {
  try {
    return examinationText(await probe(channel, credential))
  } catch (err) {
    log.debug({ err, credentialId: credential.id }, 'a credential secret could not be decrypted')
    return { accepted: false, text: 'secret cannot be decrypted with these SEALING_KEYS' }
  }
}
