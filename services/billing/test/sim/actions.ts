import type { PictureUsage } from '@sluice/contracts/usage'
import type { Random } from '@sluice/kernel/random'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import { priceBook } from '@sluice/pricing/price-book'
import type { Action } from '@sluice/testkit/simulate'
import { expect } from 'vitest'

import { expireAllowances } from '../../src/upkeep/expire-allowances.ts'
import { expireHolds } from '../../src/upkeep/expire-holds.ts'
import { sealLedger } from '../../src/upkeep/seal-ledger.ts'
import { settleJob } from '../../src/verbs/settle-job.ts'
import { id } from '../ids.ts'
import type { SimJob, World } from './world.ts'
import { apiKeyId, ask, edges, GRACE_MS, maybeCrash, model, pick, wallets } from './world.ts'

const qualities = ['low', 'medium', 'high'] as const

function drawPictures(random: Random, countMax: number): PictureUsage[] {
  return Array.from({ length: 1 + random.integer(countMax) }, () => ({
    width: random.next() < 0.7 ? 1024 : 1536,
    height: 1024,
    quality: pick(qualities, random) ?? 'low',
  }))
}

const next = (world: World) => {
  world.count += 1
  return world.count
}

const grant: Action<World> = {
  name: 'grant',
  weight: 2,
  run: async (world, random) => {
    const wallet = pick(wallets, random) ?? ''
    const amountMicro = BigInt(1 + random.integer(30_000_000))
    const transferId = `gift-${String(next(world)).padStart(6, '0')}`
    const give = () =>
      ask(
        world,
        ({ billing }) => billing.grantCredits({ transferId, wallet, amountMicro, memo: 'gift' }),
        maybeCrash(random),
      )
    // An asker who does not know asks again, with the same id, until it knows.
    for (let heard = await give(); heard.kind !== 'answer'; heard = await give());
    world.granted.set(wallet, (world.granted.get(wallet) ?? 0n) + amountMicro)
    return amountMicro
  },
}

const openHold = async (world: World, { job, random }: { job: SimJob; random: Random }) => {
  const { ref, wallet, worst, expiresAt } = job
  const worstCase = { kind: 'images' as const, pictures: worst }
  const heard = await ask(
    world,
    ({ billing }) => billing.openHold({ wallet, ref, model, worstCase, expiresAt }),
    maybeCrash(random),
  )
  if (heard.kind === 'answer' && heard.answer.outcome === 'opened') {
    job.opened = true
    // One door in four dies, or is paused, between the hold and the job.
    if (job.fate === 'none' && random.next() < 0.75) setFate(world, job, 'running')
  }
  return heard.kind === 'answer' ? heard.answer.outcome : heard.kind
}

function setFate(world: World, job: SimJob, fate: SimJob['fate']): void {
  job.fate = fate
  if (fate === 'none') return
  for (const { ledger } of world.subjects) ledger.jobs.set(job.ref, fate)
}

const submit: Action<World> = {
  name: 'submit a job',
  weight: 6,
  run: async (world, random) => {
    const job: SimJob = {
      ref: id('img', next(world)),
      wallet: pick(wallets, random) ?? '',
      worst: drawPictures(random, 2),
      expiresAt: new Date(world.clock.nowMs() + 300_000),
      opened: false,
      voided: false,
      fate: 'none',
    }
    world.jobs.push(job)
    return openHold(world, { job, random })
  },
}

const submitAgain: Action<World> = {
  name: 'submit a job again',
  weight: 2,
  run: async (world, random) => {
    const job = pick(world.jobs, random)
    return job && openHold(world, { job, random })
  },
}

const goOn: Action<World> = {
  name: 'a door that was paused goes on',
  run: (world, random) => {
    // However long ago its hold was opened: by now it may have expired.
    const job = pick(
      world.jobs.filter(({ fate, opened }) => opened && fate === 'none'),
      random,
    )
    if (job) setFate(world, job, 'running')
  },
}

/** Ends a job as the image-runner does: its row and the promise to tell, in one transaction. */
export async function endJob(world: World, { job, random }: { job: SimJob; random: Random }) {
  const state = pick(['done', 'done', 'failed', 'cancelled'] as const, random) ?? 'done'
  // Now and then an upstream draws more than was asked for.
  const pictures = state === 'done' ? drawPictures(random, job.worst.length) : []
  setFate(world, job, { state, wallet: job.wallet, apiKeyId, model, pictures })
  for (const { ledger } of world.subjects) await ledger.promiseJobEnded(job.ref)
  return state
}

const end: Action<World> = {
  name: 'end a job',
  weight: 5,
  run: async (world, random) => {
    const running = world.jobs.filter(({ fate }) => fate === 'running')
    const job = pick(running, random)
    return job && endJob(world, { job, random })
  },
}

const hint: Action<World> = {
  name: 'hear that a job ended',
  weight: 6,
  run: async (world, random) => {
    const job = pick(world.jobs, random)
    if (!job) return undefined
    const heard = await ask(
      world,
      ({ parts }) => settleJob(parts, { jobId: job.ref }),
      maybeCrash(random),
    )
    return heard.kind === 'answer' ? heard.answer : heard.kind
  },
}

const capture: Action<World> = {
  name: 'capture by call',
  run: async (world, random) => {
    const job = pick(world.jobs, random)
    if (!job || typeof job.fate === 'string' || job.fate.state !== 'done') return undefined
    const usage = { kind: 'images' as const, pictures: job.fate.pictures }
    const asked = { ref: job.ref, usage, source: 'upstream' as const, apiKeyId, model }
    const heard = await ask(world, ({ billing }) => billing.captureHold(asked), maybeCrash(random))
    return heard.kind
  },
}

const giveUp: Action<World> = {
  name: 'void by call',
  run: async (world, random) => {
    const job = pick(world.jobs, random)
    if (!job || (job.fate !== 'none' && random.next() < 0.5)) return undefined
    job.voided = true
    const asked = { ref: job.ref, reason: 'the door gave up' }
    const heard = await ask(world, ({ billing }) => billing.voidHold(asked), maybeCrash(random))
    return heard.kind
  },
}

const refund: Action<World> = {
  name: 'refund',
  weight: 2,
  run: async (world, random) => {
    const repeated = random.next() < 0.3 ? pick(world.refunds, random) : undefined
    const done = ({ fate }: SimJob) => typeof fate !== 'string' && fate.state === 'done'
    const job = pick(random.next() < 0.9 ? world.jobs.filter(done) : world.jobs, random)
    if (!job) return undefined
    const asked = repeated ?? {
      transferId: `refund-${String(next(world)).padStart(6, '0')}`,
      ref: job.ref,
      amountMicro: BigInt(1 + random.integer(3_000_000)),
    }
    const heard = await ask(
      world,
      ({ billing }) => billing.refundCapture({ ...asked, memo: 'sorry' }),
      maybeCrash(random),
    )
    if (!repeated && heard.kind !== 'refused') world.refunds.push(asked)
    return heard.kind === 'answer' ? heard.answer.outcome : heard.kind
  },
}

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

const addPrice: Action<World> = {
  name: 'change a price',
  weight: 0.3,
  run: async (world, random) => {
    const price = {
      kind: 'tokens' as const,
      inputMicroPerMillion: BigInt(random.integer(300_000_000)),
      cachedInputMicroPerMillion: BigInt(random.integer(30_000_000)),
      outputMicroPerMillion: BigInt(random.integer(2_000_000_000)),
    }
    const row = { model: 'gpt-5', effectiveAt: world.clock.now(), price }
    const heard = await ask(world, ({ billing }) => billing.addPrice({ row }))
    if (heard.kind === 'answer') world.prices.push({ ...row, id: heard.answer.id })
    return heard.kind
  },
}

const pass: Action<World> = {
  name: 'let time pass and do upkeep',
  weight: 2,
  run: async (world, random) => {
    await world.clock.advance(random.integer(400_000))
    const crash = maybeCrash(random)
    const before = await openHoldsOfRunning(world)
    const holds = await ask(world, ({ parts }) => expireHolds(parts), crash)
    const allowances = await ask(world, ({ parts }) => expireAllowances(parts))
    if (holds.kind === 'answer') await checkNoneOverdue(world)
    expect(await openHoldsOfRunning(world), 'the hold of a living job expired').toEqual(before)
    return { holds, allowances }
  },
}

async function openHoldsOfRunning({ subjects, jobs }: World): Promise<string[]> {
  const running = new Set(jobs.filter(({ fate }) => fate === 'running').map(({ ref }) => ref))
  const books = await Promise.all(subjects.map(({ ledger }) => ledger.readBook()))
  const open = books.flatMap(({ holds }) => holds.filter(({ state }) => state === 'open'))
  return open
    .map(({ ref }) => ref)
    .filter((ref) => running.has(ref))
    .toSorted()
}

/** I3: none is open past its expiry and grace, unless its job runs. */
async function checkNoneOverdue({ subjects, clock, jobs }: World): Promise<void> {
  const running = new Set(jobs.filter(({ fate }) => fate === 'running').map(({ ref }) => ref))
  for (const { ledger } of subjects) {
    const { holds } = await ledger.readBook()
    const overdue = holds.filter(
      ({ state, expiresAt, ref }) =>
        state === 'open' && !running.has(ref) && expiresAt.getTime() + GRACE_MS < clock.nowMs(),
    )
    expect(overdue).toEqual([])
  }
}

const seal: Action<World> = {
  name: 'seal',
  weight: 0.5,
  run: async (world) => {
    for (const { parts } of world.subjects) await sealLedger(parts)
  },
}

export const actions: Action<World>[] = [
  grant,
  submit,
  submitAgain,
  goOn,
  end,
  hint,
  capture,
  giveUp,
  refund,
  openAllowance,
  call,
  deliver,
  renew,
  close,
  addPrice,
  pass,
  seal,
]
