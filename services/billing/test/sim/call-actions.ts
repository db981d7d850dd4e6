import type { Random } from '@sluice/kernel/random'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import { priceBook } from '@sluice/pricing/price-book'
import type { Action } from '@sluice/testkit/simulate'

import { id } from '../ids.ts'
import type { Simulation } from './simulation.ts'
import { apiKeyId, invoke, edges, maybeCrash, next, pick, wallets } from './simulation.ts'

const openAllowance: Action<Simulation> = {
  name: 'open an allowance',
  weight: 3,
  run: async (simulation, random) => {
    const facts = {
      allowanceId: id('alw', next(simulation)),
      wallet: pick(wallets, random) ?? '',
      edge: pick(edges, random) ?? '',
    }
    const amounts = await chooseAmounts(simulation, { wallet: facts.wallet, random })
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.openAllowance({ ...facts, ...amounts, leaseMs: 60_000 }),
      maybeCrash(random),
    )
    if (reply.kind === 'result' && reply.result.outcome === 'opened') {
      simulation.allowances.push({ ...facts, leftMicro: reply.result.amountMicro, alive: true })
    }
    return reply.kind === 'result' ? reply.result.outcome : reply.kind
  },
}

/** Mostly a small amount; sometimes the whole balance, so that other calls find an empty wallet. */
async function chooseAmounts(
  simulation: Simulation,
  { wallet, random }: { wallet: string; random: Random },
) {
  if (random.next() < 0.8) {
    return { needMicro: BigInt(random.integer(50_000)), wantMicro: 4_000_000n }
  }
  const reply = await invoke(simulation, ({ billing }) => billing.readBalance({ wallet }))
  const all = reply.kind === 'result' ? reply.result.availableMicro : 0n
  return { needMicro: all, wantMicro: all }
}

const call: Action<Simulation> = {
  name: 'serve a short call',
  weight: 8,
  run: (simulation, random) => {
    const allowance = pick(simulation.allowances, random)
    const at = simulation.clock.now()
    const row = priceBook(simulation.prices).priceAt({ model: 'gpt-5', kind: 'tokens', at })
    if (!allowance?.alive || !row) return undefined
    const reservedMicro = BigInt(random.integer(300_000))
    // A faulty edge reserves more than its allowance has left.
    if (reservedMicro > allowance.leftMicro && random.next() < 0.95) return 'does not fit'
    const input = random.integer(1_000)
    const usage = {
      kind: 'tokens' as const,
      input,
      cachedInput: random.integer(input + 1),
      output: random.integer(400),
    }
    const endState = random.next() < 0.1 ? ('failed' as const) : ('finished' as const)
    const record = {
      requestId: id('req', next(simulation)),
      allowanceId: allowance.allowanceId,
      wallet: allowance.wallet,
      apiKeyId,
      model: 'gpt-5',
      priceId: row.id,
      usage,
      source: 'upstream' as const,
      reservedMicro,
      ...chargeUsage({ usage, price: row.price, reservedMicro, endState }),
      endState,
      endedAt: at,
    }
    allowance.leftMicro -= record.amountMicro
    const isWrong = random.next() < 0.05
    if (!isWrong) simulation.valid.set(record.requestId, record)
    simulation.unsent.push(isWrong ? { ...record, amountMicro: record.amountMicro + 1n } : record)
    return record.amountMicro
  },
}

const deliver: Action<Simulation> = {
  name: 'deliver usage records',
  weight: 4,
  run: async (simulation, random) => {
    const unsent = simulation.unsent.filter(() => random.next() < 0.7)
    const repeated = [...simulation.valid.values()].filter(() => random.next() < 0.1)
    const records = [...unsent, ...repeated].slice(0, 100)
    if (records.length === 0) return undefined
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.captureUsage({ records }),
      maybeCrash(random),
    )
    if (reply.kind === 'result') {
      simulation.unsent = simulation.unsent.filter((record) => !records.includes(record))
      return `${reply.result.captured} of ${records.length}`
    }
    return reply.kind
  },
}

const renew: Action<Simulation> = {
  name: 'renew allowances',
  weight: 2,
  run: async (simulation, random) => {
    const edge = pick(edges, random) ?? ''
    const own = simulation.allowances.filter((one) => one.alive && one.edge === edge)
    const allowanceIds = own.map(({ allowanceId }) => allowanceId)
    const reply = await invoke(simulation, async ({ billing }) => {
      const { open } = await billing.renewAllowances({ edge, allowanceIds, leaseMs: 60_000 })
      return open.toSorted((a, b) => (a.allowanceId < b.allowanceId ? -1 : 1))
    })
    if (reply.kind !== 'result') return reply.kind
    const open = new Set(reply.result.map(({ allowanceId }) => allowanceId))
    for (const one of own) one.alive = open.has(one.allowanceId)
    return open.size
  },
}

const close: Action<Simulation> = {
  name: 'close an allowance',
  run: async (simulation, random) => {
    const allowance = pick(simulation.allowances, random)
    if (!allowance) return undefined
    const { allowanceId } = allowance
    allowance.alive = false
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.closeAllowance({ allowanceId }),
      maybeCrash(random),
    )
    return reply.kind
  },
}

export const callActions: Action<Simulation>[] = [openAllowance, call, deliver, renew, close]
