import type { Bus } from '@sluice/bus/bus'
import type { Catalog, Lease, Outcome, Scheduler } from '@sluice/contracts/scheduler.contract'
import { sampleChannel } from '@sluice/contracts/testing/sample-catalog'
import type { Clock } from '@sluice/kernel/clock'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import type { Sealer } from '@sluice/sealing/sealer'

export const MODEL = 'gpt-image-1'
const CHANNEL = sampleId('chan', 1)

export interface PoolCredential {
  id: string
  secret: string
  concurrencyMax: number
  coolingUntilMs: number
  state: 'active' | 'attention'
}

interface Held extends Lease {
  expiresMs: number
}

/** An in-memory implementation of the scheduler's contract with a few credentials. */
export function createPool({
  clock,
  bus,
  sealer,
}: {
  clock: Clock
  bus: Pick<Bus, 'announce'>
  sealer: Sealer
}) {
  const credentials: PoolCredential[] = []
  const leases = new Map<string, Held>()
  const outcomes: { credentialId: string; outcome: Outcome }[] = []
  let number = 0
  let unavailable = false
  let catalogReads = 0
  let requested = 0

  const checkAvailable = () => {
    if (unavailable) throw new Error('the scheduler is unavailable')
  }
  const activeLeases = (credentialId: string) =>
    [...leases.values()].filter(
      (lease) => lease.credentialId === credentialId && lease.expiresMs > clock.nowMs(),
    ).length

  const scheduler: Pick<Scheduler, 'grantLease' | 'renewLease' | 'releaseLease' | 'readCatalog'> = {
    readCatalog: async () => {
      checkAvailable()
      catalogReads += 1
      return catalog
    },
    grantLease: async ({ model, exclude, ttlMs }) => {
      checkAvailable()
      requested += 1
      const nowMs = clock.nowMs()
      const usable = credentials.filter(
        ({ id, state }) => state === 'active' && !exclude.includes(id) && model === MODEL,
      )
      if (usable.length === 0) return { outcome: 'none', reason: 'no credential serves the model' }
      const free = usable
        .filter(({ id, coolingUntilMs, concurrencyMax }) => {
          return coolingUntilMs <= nowMs && activeLeases(id) < concurrencyMax
        })
        .sort((a, b) => activeLeases(a.id) - activeLeases(b.id))[0]
      if (!free) {
        const ends = usable.map(({ coolingUntilMs }) => coolingUntilMs).filter((at) => at > nowMs)
        const taken = usable.length > ends.length ? [nowMs + 1_000] : []
        return { outcome: 'busy', retryAt: new Date(Math.min(...ends, ...taken)) }
      }
      number += 1
      const lease: Held = {
        leaseId: sampleId('lease', number),
        channelId: CHANNEL,
        credentialId: free.id,
        fence: number,
        expiresAt: new Date(nowMs + ttlMs),
        expiresMs: nowMs + ttlMs,
        secret: sealer.seal(credentialSecretBinding(free.id), free.secret),
      }
      leases.set(lease.leaseId, lease)
      return { outcome: 'granted', lease }
    },
    renewLease: async ({ leaseId, ttlMs }) => {
      checkAvailable()
      const lease = leases.get(leaseId)
      if (!lease || lease.expiresMs <= clock.nowMs()) return { outcome: 'lost' }
      lease.expiresMs = clock.nowMs() + ttlMs
      return { outcome: 'renewed', expiresAt: new Date(lease.expiresMs) }
    },
    releaseLease: async ({ leaseId, outcome }) => {
      checkAvailable()
      const lease = leases.get(leaseId)
      if (!lease) return { released: false }
      leases.delete(leaseId)
      const { credentialId } = lease
      outcomes.push({ credentialId, outcome })
      const credential = credentials.find(({ id }) => id === credentialId)
      if (credential && outcome.kind === 'limited') {
        credential.coolingUntilMs = outcome.retryAt?.getTime() ?? clock.nowMs() + 5_000
      }
      if (credential && outcome.kind === 'unauthorised') credential.state = 'attention'
      await bus.announce('lease-freed', { channelId: CHANNEL })
      return { released: true }
    },
  }

  const catalog: Catalog = {
    version: 1,
    channels: [
      sampleChannel({
        id: CHANNEL,
        dialect: 'sandbox',
        baseUrl: 'https://upstream.test/v1',
        models: [{ model: MODEL, upstreamModel: 'upstream-model', kinds: ['image'] }],
        settings: { colour: 'blue' },
      }),
    ],
  }

  return {
    scheduler,
    catalog,
    outcomes,
    catalogReads: () => catalogReads,
    /** The number of lease requests. */
    requested: () => requested,
    /** The number of leases that are neither released nor expired. */
    held: () => credentials.reduce((sum, { id }) => sum + activeLeases(id), 0),
    setUnavailable: (value: boolean) => void (unavailable = value),
    add: (concurrencyMax = 1, known?: string) => {
      const id = sampleId('cred', credentials.length + 1)
      const secret = known ?? `secret-${credentials.length + 1}`
      credentials.push({ id, secret, concurrencyMax, coolingUntilMs: 0, state: 'active' })
      return id
    },
    /** Removes all leases, as their expiry would. */
    loseAll: () => leases.clear(),
  }
}
