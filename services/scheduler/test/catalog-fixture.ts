import { newId } from '@sluice/kernel/ids'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'

import type { CatalogStore, ChannelDraft } from '../src/store/catalog-store.ts'
import { sampleDraft, sampleNewCredential } from '../src/testing/sample-channel.ts'

/** An empty store, and builders of channels and credentials. */
export async function createCatalogFixture(make: () => Promise<CatalogStore>) {
  const store = await make()
  const clock = fakeClock()
  const random = seededRandom(11)
  const id = (prefix: 'chan' | 'cred') => newId(prefix, { clock, random })
  const draft = (facts: Partial<ChannelDraft> = {}) =>
    sampleDraft({ newChannelId: id('chan'), settings: { organization: 'org-1' }, ...facts })
  const credential = (fingerprint: string) =>
    sampleNewCredential({
      id: id('cred'),
      secret: { keyId: 'k1', box: `box of ${fingerprint}` },
      fingerprint,
      concurrencyMax: 4,
    })
  return { store, clock, id, draft, credential }
}
