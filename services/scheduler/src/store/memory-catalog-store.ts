import { mergeSettings } from '@sluice/contracts/channel-settings'
import type { ChannelChange } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import { checkBaseUrl, sameOrigin } from '../catalog/base-url.ts'
import { checkSettings } from '../catalog/check-settings.ts'
import type { CatalogStore, NewCredential } from './catalog-store.ts'

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

  const rowOf = (channelId: string): ChannelRow => {
    const row = channels.get(channelId)
    if (row === undefined) throw new AppError('not_found', 'no such channel')
    return row
  }
  const nameOf = (name: string) => [...channels.values()].find((one) => one.name === name)
  const put = (channel: ChannelRow) => {
    const models = channel.models.toSorted((a, b) => (a.model < b.model ? -1 : 1))
    channels.set(channel.id, { ...channel, models })
  }
  const add = (channelId: string, credentials: readonly NewCredential[]) => {
    let added = 0
    for (const { fingerprint, ...facts } of credentials) {
      if (listed(channelId).some((row) => row.fingerprint === fingerprint)) continue
      const fresh = { state: 'active', stateReason: null, epoch: 1, coolingUntil: null } as const
      rows.set(facts.id, { fingerprint, credential: { ...facts, channelId, ...fresh } })
      added += 1
    }
    return added
  }
  /** A person's word, or a move: what was learned is void. */
  const anew = (row: Row, state: Credential['state']) =>
    change(row, { state, stateReason: null, coolingUntil: null, epoch: row.credential.epoch + 1 })
  const withPool = (channel: ChannelRow): Channel => ({
    ...channel,
    credentials: listed(channel.id).map(({ credential }) => credential),
  })

  return {
    load: async () => ({
      version,
      channels: [...channels.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(withPool),
    }),
    readVersion: async () => version,
    countRetired: async () =>
      [...rows.values()].filter(({ credential }) => credential.state === 'retired').length,

    saveChannel: async ({ channel: { newChannelId, ...draft } }) => {
      const id = nameOf(draft.name)?.id ?? newChannelId
      put({ ...draft, id })
      version += 1
      return { channelId: id }
    },

    insertChannel: async ({ channel: { newChannelId: id, ...draft }, credentials }) => {
      if (nameOf(draft.name)) return undefined
      put({ ...draft, id })
      add(id, credentials)
      version += 1
      return withPool(rowOf(id))
    },

    changeChannel: async ({ channelId, change: asked, credentials }) => {
      const before = rowOf(channelId)
      const settings = mergeSettings(before.settings, asked.settings ?? {})
      const after = { ...before, ...named(asked), settings }
      checkBaseUrl(after)
      if (asked.settings) checkSettings(after)
      const pool = listed(channelId)
      const moves = !sameOrigin(before.baseUrl, after.baseUrl)
      if (moves && credentials.length === 0 && pool.length > 0) return { outcome: 'secrets-needed' }
      const stays = (row: Row) => credentials.some((one) => one.fingerprint === row.fingerprint)
      const left = moves ? pool.filter((row) => !stays(row)) : []
      const kept = moves ? pool.filter(stays) : []
      for (const row of left) anew(row, 'retired')
      for (const row of kept) if (row.credential.state !== 'paused') anew(row, 'active')
      put(after)
      add(channelId, credentials)
      version += 1
      return { outcome: 'changed', channel: withPool(rowOf(channelId)), retired: left.length }
    },

    addCredentials: async ({ channelId, credentials }) => {
      const added = add(rowOf(channelId).id, credentials)
      if (added > 0) version += 1
      return { added, known: credentials.length - added }
    },

    setCredentialState: async ({ credentialId, state, from }) => {
      const row = rows.get(credentialId)
      if (row === undefined) throw new AppError('not_found', 'no such credential')
      const { state: before, channelId } = row.credential
      const changed =
        before !== 'retired' &&
        (before !== state || state === 'active') &&
        (from === undefined || from.includes(before))
      if (changed) {
        anew(row, state)
        version += 1
      }
      return { changed, channelId }
    },

    writeHealth: async (input) => {
      let changed = 0
      let raises = false
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
        raises ||= attention !== null
      }
      if (raises) version += 1
      return changed
    },
  }
}

/** Without the fields that are there and undefined. */
function named(change: ChannelChange): Partial<ChannelRow> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
