import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'
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
  return (n, { secrets = [key], ...facts } = {}) => ({
    id: id('chan', n),
    name: `channel ${n}`,
    dialect: 'openai',
    baseUrl,
    priority: 0,
    weight: 1,
    enabled: true,
    models: [
      { model: 'gpt-5-mini', upstreamModel: 'gpt-5-mini', kinds: ['chat'] },
      { model: 'org/tiny', upstreamModel: 'gpt-4o-mini', kinds: ['chat'] },
    ],
    settings: {},
    credentials: secrets.map((secret, at): CatalogCredential => {
      const credentialId = id('cred', `${n}${at}`)
      return {
        id: credentialId,
        state: 'active',
        concurrencyMax: 64,
        coolingUntil: null,
        secret: sealer.seal(credentialSecretBinding(credentialId), secret),
      }
    }),
    ...facts,
  })
}
