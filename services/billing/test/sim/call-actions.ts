import type { Random } from '@sluice/kernel/random'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import { priceBook } from '@sluice/pricing/price-book'
import type { Action } from '@sluice/testkit/simulate'

import { id } from '../ids.ts'
import type { World } from './world.ts'
import { apiKeyId, ask, edges, maybeCrash, next, pick, wallets } from './world.ts'

const openAllowance: Action<World> = {
  name: 'open an allowance',
  weight: 3,
  run: async (world, random) => {
    const facts = {
      allowanceId: id('alw', next(world)),
      wallet: pick(wallets, random) ?? '',
      edge: pick(edges, random) ?? '',
    }
    const wants = await wantsOf(world, { wallet: facts.wallet, random })
    const heard = await ask(
      world,
      ({ billing }) => billing.openAllowance({ ...facts, ...wants, leaseMs: 60_000 }),
      maybeCrash(random),
    )
    if (heard.kind === 'answer' && heard.answer.outcome === 'opened') {
      world.allowances.push({ ...facts, leftMicro: heard.answer.amountMicro, alive: true })
    }
    return heard.kind === 'answer' ? heard.answer.outcome : heard.kind
  },
}

/** Mostly a little; sometimes all there is, so that others find an empty wallet. */
async function wantsOf(world: World, { wallet, random }: { wallet: string; random: Random }) {
  if (random.next() < 0.8) {
    return { needMicro: BigInt(random.integer(50_000)), wantMicro: 4_000_000n }
  }
  const heard = await ask(world, ({ billing }) => billing.readBalance({ wallet }))
  const all = heard.kind === 'answer' ? heard.answer.availableMicro : 0n
  return { needMicro: all, wantMicro: all }
}

const call: Action<World> = {
  name: 'serve a short call',
  weight: 8,
  run: (world, random) => {
    const allowance = pick(world.allowances, random)
    const at = world.clock.now()
    const row = priceBook(world.prices).priceAt({ model: 'gpt-5', kind: 'tokens', at })
    if (!allowance?.alive || !row) return undefined
    const reservedMicro = BigInt(random.integer(300_000))
    // An edge that has a fault of its own reserves what it has not got.
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
      requestId: id('req', next(world)),
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
    const lies = random.next() < 0.05
    if (!lies) world.honest.set(record.requestId, record)
    world.unsent.push(lies ? { ...record, amountMicro: record.amountMicro + 1n } : record)
    return record.amountMicro
  },
}

const deliver: Action<World> = {
  name: 'deliver usage records',
  weight: 4,
  run: async (world, random) => {
    const fresh = world.unsent.filter(() => random.next() < 0.7)
    const again = [...world.honest.values()].filter(() => random.next() < 0.1)
    const records = [...fresh, ...again].slice(0, 100)
    if (records.length === 0) return undefined
    const heard = await ask(
      world,
      ({ billing }) => billing.captureUsage({ records }),
      maybeCrash(random),
    )
    if (heard.kind === 'answer') {
      world.unsent = world.unsent.filter((record) => !records.includes(record))
      return `${heard.answer.captured} of ${records.length}`
    }
    return heard.kind
  },
}

const renew: Action<World> = {
  name: 'renew allowances',
  weight: 2,
  run: async (world, random) => {
    const edge = pick(edges, random) ?? ''
    const own = world.allowances.filter((one) => one.alive && one.edge === edge)
    const allowanceIds = own.map(({ allowanceId }) => allowanceId)
    const heard = await ask(world, async ({ billing }) => {
      const { open } = await billing.renewAllowances({ edge, allowanceIds, leaseMs: 60_000 })
      return open.toSorted((a, b) => (a.allowanceId < b.allowanceId ? -1 : 1))
    })
    if (heard.kind !== 'answer') return heard.kind
    const open = new Set(heard.answer.map(({ allowanceId }) => allowanceId))
    for (const one of own) one.alive = open.has(one.allowanceId)
    return open.size
  },
}

const close: Action<World> = {
  name: 'close an allowance',
  run: async (world, random) => {
    const allowance = pick(world.allowances, random)
    if (!allowance) return undefined
    const { allowanceId } = allowance
    allowance.alive = false
    const heard = await ask(
      world,
      ({ billing }) => billing.closeAllowance({ allowanceId }),
      maybeCrash(random),
    )
    return heard.kind
  },
}

export const callActions: Action<World>[] = [openAllowance, call, deliver, renew, close]
