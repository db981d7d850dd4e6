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

/** The in-memory catalog store, for tests and simulations. */
export function createMemoryCatalogStore(): CatalogStore {
  const channels = new Map<string, ChannelRow>()
  const rows = new Map<string, Row>()
  let version = 0

  const poolOf = (channelId: string) =>
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
  const findByName = (name: string) => [...channels.values()].find((one) => one.name === name)
  const put = (channel: ChannelRow) => {
    const models = channel.models.toSorted((a, b) => (a.model < b.model ? -1 : 1))
    channels.set(channel.id, { ...channel, models })
  }
  const add = (channelId: string, credentials: readonly NewCredential[]) => {
    let added = 0
    for (const { fingerprint, ...facts } of credentials) {
      if (poolOf(channelId).some((row) => row.fingerprint === fingerprint)) continue
      const initial = { state: 'active', stateReason: null, epoch: 1, coolingUntil: null } as const
      rows.set(facts.id, { fingerprint, credential: { ...facts, channelId, ...initial } })
      added += 1
    }
    return added
  }
  /** Sets the state, resets the health and raises the epoch. */
  const resetState = (row: Row, state: Credential['state']) =>
    change(row, { state, stateReason: null, coolingUntil: null, epoch: row.credential.epoch + 1 })
  const withPool = (channel: ChannelRow): Channel => ({
    ...channel,
    credentials: poolOf(channel.id).map(({ credential }) => credential),
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
      const id = findByName(draft.name)?.id ?? newChannelId
      put({ ...draft, id })
      version += 1
      return { channelId: id }
    },

    insertChannel: async ({ channel: { newChannelId: id, ...draft }, credentials }) => {
      if (findByName(draft.name)) return undefined
      put({ ...draft, id })
      add(id, credentials)
      version += 1
      return withPool(rowOf(id))
    },

    changeChannel: async ({ channelId, change: fields, credentials }) => {
      const before = rowOf(channelId)
      const settings = mergeSettings(before.settings, fields.settings ?? {})
      const after = { ...before, ...withoutUndefined(fields), settings }
      checkBaseUrl(after)
      if (fields.settings) checkSettings(after)
      const pool = poolOf(channelId)
      const moves = !sameOrigin(before.baseUrl, after.baseUrl)
      if (moves && credentials.length === 0 && pool.length > 0) return { outcome: 'secrets-needed' }
      const isGiven = (row: Row) => credentials.some((one) => one.fingerprint === row.fingerprint)
      const retired = moves ? pool.filter((row) => !isGiven(row)) : []
      const retained = moves ? pool.filter(isGiven) : []
      for (const row of retired) resetState(row, 'retired')
      for (const row of retained) if (row.credential.state !== 'paused') resetState(row, 'active')
      put(after)
      add(channelId, credentials)
      version += 1
      return { outcome: 'changed', channel: withPool(rowOf(channelId)), retired: retired.length }
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
        resetState(row, state)
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

function withoutUndefined(change: ChannelChange): Partial<ChannelRow> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
