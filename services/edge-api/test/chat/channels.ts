import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'
import { sampleChannel, sampleCredential } from '@sluice/contracts/testing/sample-catalog'
import type { Sealer } from '@sluice/sealing/sealer'
import { credentialSecretBinding } from '@sluice/sealing/sealer'

import { id } from './ids.ts'

export type MakeChannel = (
  n: number,
  facts?: Partial<CatalogChannel> & { secrets?: string[] },
) => CatalogChannel

/** Channels to one simulated upstream, with two models. */
export function channelMaker({
  baseUrl,
  key,
  sealer,
}: {
  baseUrl: string
  key: string
  sealer: Sealer
}): MakeChannel {
  return (n, { secrets = [key], ...facts } = {}) =>
    sampleChannel({
      id: id('chan', n),
      name: `channel ${n}`,
      baseUrl,
      models: [
        { model: 'gpt-5-mini', upstreamModel: 'gpt-5-mini', kinds: ['chat'] },
        { model: 'org/tiny', upstreamModel: 'gpt-4o-mini', kinds: ['chat'] },
      ],
      credentials: secrets.map((text, at) => {
        const credentialId = id('cred', `${n}${at}`)
        const secret = sealer.seal(credentialSecretBinding(credentialId), text)
        return sampleCredential({ id: credentialId, concurrencyMax: 64, secret })
      }),
      ...facts,
    })
}
