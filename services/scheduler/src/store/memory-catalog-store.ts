import { AppError } from '@sluice/kernel/app-error'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { CatalogStore } from './catalog-store.ts'

interface Row {
  credential: Credential
  fingerprint: string
}
type ChannelRow = Omit<Channel, 'credentials'>

/** The catalog's twin: the same rules over maps, for tests and simulations. */
export function createMemoryCatalogStore(): CatalogStore {
  const channels = new Map<string, ChannelRow>()
  const rows = new Map<string, Row>()
  let version = 0

  const listed = (channelId: string) =>
    [...rows.values()].filter(
      ({ credential }) => credential.channelId === channelId && credential.state !== 'retired',
    )
  const change = (row: Row, facts: Partial<Credential>) =>
    rows.set(row.credential.id, { ...row, credential: { ...row.credential, ...facts } })

  return {
    load: async () => ({
      version,
      channels: [...channels.values()]
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map((channel) => ({
          ...channel,
          credentials: listed(channel.id).map(({ credential }) => credential),
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

    addCredentials: async ({ channelId, credentials }) => {
      if (!channels.has(channelId)) throw new AppError('not_found', 'no such channel')
      let added = 0
      for (const { fingerprint, ...facts } of credentials) {
        if (listed(channelId).some((row) => row.fingerprint === fingerprint)) continue
        const fresh = { state: 'active', stateReason: null, epoch: 1, coolingUntil: null } as const
        rows.set(facts.id, { fingerprint, credential: { ...facts, channelId, ...fresh } })
        added += 1
      }
      if (added > 0) version += 1
      return { added, known: credentials.length - added }
    },

    setCredentialState: async ({ credentialId, state }) => {
      const row = rows.get(credentialId)
      if (row === undefined) throw new AppError('not_found', 'no such credential')
      const { state: before, epoch, channelId } = row.credential
      const changed = before !== 'retired' && (before !== state || state === 'active')
      if (changed) {
        change(row, { state, stateReason: null, coolingUntil: null, epoch: epoch + 1 })
        version += 1
      }
      return { changed, channelId }
    },

    writeHealth: async (input) => {
      let changed = 0
      for (const { credentialId, epoch, attention, coolingUntil } of input.rows) {
        const row = rows.get(credentialId)
        if (row?.credential.epoch !== epoch || row.credential.state !== 'active') continue
        const before = row.credential.coolingUntil?.getTime() ?? -Infinity
        const longer = coolingUntil !== null && coolingUntil.getTime() > before
        if (attention === null && !longer) continue
        change(row, {
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
