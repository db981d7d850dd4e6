import { AppError } from '@sluice/kernel/app-error'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { CatalogStore } from './catalog-store.ts'

type Row = Credential & { fingerprint: string }
type ChannelRow = Omit<Channel, 'credentials'>

/** The catalog's twin: the same rules over maps, for tests and simulations. */
export function createMemoryCatalogStore(): CatalogStore {
  const channels = new Map<string, ChannelRow>()
  const credentials = new Map<string, Row>()
  let version = 0

  const toCredential = ({ fingerprint: _, ...credential }: Row): Credential => credential
  const isListed = (channelId: string) => (row: Row) =>
    row.channelId === channelId && row.state !== 'retired'

  return {
    load: async () => ({
      version,
      channels: [...channels.values()]
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map((channel) => ({
          ...channel,
          credentials: [...credentials.values()].filter(isListed(channel.id)).map(toCredential),
        })),
    }),
    readVersion: async () => version,

    saveChannel: async ({ channel: { newChannelId, ...draft } }) => {
      const known = [...channels.values()].find(({ name }) => name === draft.name)
      const id = known?.id ?? newChannelId
      const models = draft.models.toSorted((a, b) => (a.model < b.model ? -1 : 1))
      channels.set(id, { ...draft, id, models })
      version += 1
      return { channelId: id }
    },

    addCredentials: async ({ channelId, credentials: drafts }) => {
      if (!channels.has(channelId)) throw new AppError('not_found', 'no such channel')
      let added = 0
      for (const { id, secret, fingerprint, concurrencyMax } of drafts) {
        const listed = [...credentials.values()].filter(isListed(channelId))
        if (listed.some((row) => row.fingerprint === fingerprint)) continue
        const facts = { id, channelId, secret, fingerprint, concurrencyMax }
        const fresh = { state: 'active', stateReason: null, epoch: 1, coolingUntil: null } as const
        credentials.set(id, { ...facts, ...fresh })
        added += 1
      }
      if (added > 0) version += 1
      return { added, known: drafts.length - added }
    },

    setCredentialState: async ({ credentialId, state }) => {
      const row = credentials.get(credentialId)
      if (row === undefined) throw new AppError('not_found', 'no such credential')
      const changed = row.state !== 'retired' && (row.state !== state || state === 'active')
      if (changed) {
        const word = { state, stateReason: null, coolingUntil: null, epoch: row.epoch + 1 }
        credentials.set(credentialId, { ...row, ...word })
        version += 1
      }
      return { changed, channelId: row.channelId }
    },

    writeHealth: async ({ rows }) => {
      let changed = 0
      for (const { credentialId, epoch, attention, coolingUntil } of rows) {
        const row = credentials.get(credentialId)
        if (row === undefined || row.epoch !== epoch || row.state !== 'active') continue
        const before = row.coolingUntil?.getTime() ?? -Infinity
        const longer = coolingUntil !== null && coolingUntil.getTime() > before
        if (attention === null && !longer) continue
        credentials.set(credentialId, {
          ...row,
          ...(attention === null ? {} : { state: 'attention', stateReason: attention }),
          ...(longer ? { coolingUntil } : {}),
        })
        changed += 1
      }
      if (changed > 0) version += 1
      return changed
    },
  }
}
