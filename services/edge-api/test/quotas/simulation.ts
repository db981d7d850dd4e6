import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect } from 'vitest'

import type { DailyQuotas } from '../../src/limits/daily-quotas.ts'
import { createDailyQuotas } from '../../src/limits/daily-quotas.ts'
import { dayOf } from '../../src/limits/quota-day.ts'
import type { MemoryQuotaStore } from '../../src/store/memory-quota-store.ts'
import { memoryQuotaStore } from '../../src/store/memory-quota-store.ts'
import type { QuotaStore } from '../../src/store/quota-store.ts'

export const EDGES = 3
export const CALL_MS_MAX = 1_800_000
export const ALIVE_MS_MAX = CALL_MS_MAX + 600_000

/** A call or job that may still be charged up to its worst case. */
export interface Running {
  ref: string
  kind: 'call' | 'job'
  apiKeyId: string
  day: string
  worstMicro: bigint
  startedAtMs: number
  edge: number
  /** Set when its edge crashed: the usage reaches billing later, or never. */
  chargedMicro?: bigint
}

export interface Simulation {
  clock: FakeClock
  store: MemoryQuotaStore
  edges: DailyQuotas[]
  /** How often each edge was started. */
  starts: number[]
  running: Running[]
  /** Ended jobs, whose requests may still be repeated. */
  ended: Running[]
  /** The amount billing has charged by ref; null is an open hold. */
  settled: Map<string, bigint | null>
  charged: Map<string, bigint>
  unavailable: { database: boolean; billing: boolean }
  nextRef: number
}

export const quotas: Record<string, bigint> = { key_1: 1_000n, key_2: 350n, key_3: 60n }

/** Three edges with a common database and billing, each of which may be unavailable. */
export function createQuotaSimulation(clock: FakeClock): Simulation {
  const simulation: Simulation = {
    clock,
    store: memoryQuotaStore({ quotaOf: (apiKeyId) => quotas[apiKeyId] ?? null }),
    edges: [],
    starts: [],
    running: [],
    ended: [],
    settled: new Map(),
    charged: new Map(),
    unavailable: { database: false, billing: false },
    nextRef: 1,
  }
  for (let edge = 0; edge < EDGES; edge += 1) simulation.edges.push(restartedEdge(simulation, edge))
  return simulation
}

/** A new process without the in-memory state of an earlier one. */
export function restartedEdge(simulation: Simulation, edge: number): DailyQuotas {
  const { store, unavailable, starts } = simulation
  const start = (starts[edge] ?? 0) + 1
  starts[edge] = start
  // The timers of the earlier process ended with it.
  const clock: Clock = {
    ...simulation.clock,
    after: (ms, tick) => simulation.clock.after(ms, () => starts[edge] === start && tick()),
  }
  const assertAvailable = (part: keyof Simulation['unavailable']) => {
    if (unavailable[part]) throw new AppError('unavailable', `${part} is unavailable`)
  }
  const quotaStore: QuotaStore = {
    reserve: async (input) => (assertAvailable('database'), store.reserve(input)),
    settle: async (input) => (assertAvailable('database'), store.settle(input)),
    readUsed: async (input) => (assertAvailable('database'), store.readUsed(input)),
    listOpen: async (input) => (assertAvailable('database'), store.listOpen(input)),
    prune: async (input) => (assertAvailable('database'), store.prune(input)),
  }
  const billing = {
    readSettlements: async ({ refs }: { refs: string[] }) => {
      assertAvailable('billing')
      const known = refs.filter((ref) => simulation.settled.has(ref))
      return {
        open: known.filter((ref) => simulation.settled.get(ref) === null),
        settled: known.flatMap((ref) => {
          const chargedMicro = simulation.settled.get(ref)
          return chargedMicro === null || chargedMicro === undefined ? [] : [{ ref, chargedMicro }]
        }),
      }
    },
  }
  return createDailyQuotas({
    quotaStore,
    billing,
    clock,
    log: recordedLog(),
    aliveMsMax: ALIVE_MS_MAX,
  })
}

/** Charges a call or job at billing. */
export function charge(
  simulation: Simulation,
  { ref, apiKeyId, day }: Running,
  amountMicro: bigint,
): void {
  const name = `${apiKeyId} ${day}`
  simulation.settled.set(ref, amountMicro)
  simulation.charged.set(name, (simulation.charged.get(name) ?? 0n) + amountMicro)
}

/** Invariant: per quota, charges plus the worst case of everything running stay within the limit. */
export function checkQuotas({ store, running, charged }: Simulation): void {
  const most = new Map(charged)
  for (const { apiKeyId, day, worstMicro } of running) {
    const name = `${apiKeyId} ${day}`
    most.set(name, (most.get(name) ?? 0n) + worstMicro)
  }
  for (const [name, amountMicro] of most)
    expect(amountMicro, name).toBeLessThanOrEqual(quotas[name.split(' ')[0] ?? ''] ?? 0n)
  for (const { apiKeyId, day, reservedMicro, spentMicro } of store.readDays()) {
    expect(reservedMicro).toBeGreaterThanOrEqual(0n)
    expect(reservedMicro + spentMicro).toBeLessThanOrEqual(quotas[apiKeyId] ?? 0n)
    expect(reservedMicro + spentMicro).toBeGreaterThanOrEqual(most.get(`${apiKeyId} ${day}`) ?? 0n)
  }
}

export const today = ({ clock }: Simulation) => dayOf(clock.nowMs())
