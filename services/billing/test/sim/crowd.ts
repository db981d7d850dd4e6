import type { Random } from '@sluice/kernel/random'

import { expireAllowances } from '../../src/upkeep/expire-allowances.ts'
import { expireHolds } from '../../src/upkeep/expire-holds.ts'
import { sealLedger } from '../../src/upkeep/seal-ledger.ts'
import { id } from '../ids.ts'
import type { TestBilling } from '../test-billing.ts'
import { usageOf } from '../usage-records.ts'
import { settleJobs } from '../../src/verbs/settle-jobs.ts'
import { endJob } from './job-actions.ts'
import type { SimJob, World } from './world.ts'
import { apiKeyId, edges, model, next, pick, wallets } from './world.ts'

const CALLERS = 24
const GIFT_MICRO = 200_000_000n
const high = { width: 1024, height: 1024, quality: 'high' } as const

/** A world of one billing whose wallets are full enough for a crowd. */
export async function crowdWorld(world: World): Promise<World> {
  for (const [index, wallet] of wallets.entries()) {
    const transferId = `gift-${index}-first`
    const gift = { transferId, wallet, amountMicro: GIFT_MICRO, memo: 'gift' }
    await only(world).billing.grantCredits(gift)
    world.granted.set(wallet, GIFT_MICRO)
  }
  return world
}

/** Many things at the same moment, each asked by two or three who do not know of each other. */
export async function crowd(world: World, random: Random): Promise<void> {
  await world.clock.advance(random.integer(200_000))
  const callers = Array.from({ length: CALLERS }, () => {
    const call = pick(calls, random) ?? submit
    const ask = call(world, random)
    return Array.from({ length: 1 + random.integer(3) }, () => ask)
  })
  await Promise.all(callers.flat().map((ask) => ask()))
  for (const job of world.jobs) {
    if (job.fate === 'running' && random.next() < 0.5) await endJob(world, { job, random })
  }
}

type Ask = () => Promise<unknown>
type Call = (world: World, random: Random) => Ask

const only = ({ subjects }: World): TestBilling => {
  const [house] = subjects
  if (!house) throw new Error('a world has a billing')
  return house
}

const submit: Call = (world, random) => {
  const { billing, ledger } = only(world)
  const job: SimJob = {
    ref: id('img', next(world)),
    wallet: pick(wallets, random) ?? '',
    worst: [high],
    expiresAt: new Date(world.clock.nowMs() + 100_000),
    opened: false,
    voided: false,
    fate: 'none',
  }
  world.jobs.push(job)
  const { ref, wallet, expiresAt } = job
  const worstCase = { kind: 'images' as const, pictures: job.worst }
  return async () => {
    const answer = await billing.openHold({ wallet, ref, model, worstCase, expiresAt })
    if (answer.outcome !== 'opened') return
    job.opened = true
    if (job.fate !== 'none') return
    job.fate = 'running'
    ledger.jobs.set(ref, 'running')
  }
}

const settle: Call = (world, random) => {
  const { parts } = only(world)
  const jobs = Array.from({ length: 1 + random.integer(5) }, () => pick(world.jobs, random))
  const jobIds = jobs.flatMap((job) => job?.ref ?? [])
  return () => settleJobs(parts, { jobIds })
}

const capture: Call = (world, random) => {
  const { billing } = only(world)
  const job = pick(world.jobs, random)
  if (!job || typeof job.fate === 'string' || job.fate.state !== 'done') return async () => {}
  const usage = { kind: 'images' as const, pictures: job.fate.pictures }
  return () => billing.captureHold({ ref: job.ref, usage, source: 'upstream', apiKeyId, model })
}

const giveUp: Call = (world, random) => {
  const { billing } = only(world)
  const job = pick(world.jobs, random)
  if (!job || random.next() < 0.5) return async () => {}
  job.voided = true
  return () => billing.voidHold({ ref: job.ref, reason: 'the door gave up' })
}

const allowance: Call = (world, random) => {
  const { billing } = only(world)
  const allowanceId = id('alw', next(world))
  const wallet = pick(wallets, random) ?? ''
  const edge = pick(edges, random) ?? ''
  const wants = { needMicro: 1_000n, wantMicro: 5_000_000n, leaseMs: 60_000 }
  return async () => {
    const answer = await billing.openAllowance({ allowanceId, wallet, edge, ...wants })
    if (answer.outcome !== 'opened') return
    const known = world.allowances.some((one) => one.allowanceId === allowanceId)
    const leftMicro = answer.amountMicro
    if (!known) world.allowances.push({ allowanceId, wallet, edge, leftMicro, alive: true })
  }
}

const report: Call = (world, random) => {
  const { billing } = only(world)
  const records = Array.from({ length: 8 }, () => {
    const from = pick(world.allowances, random)
    if (!from) return []
    const { allowanceId, wallet } = from
    return [usageOf({ number: next(world), allowanceId, wallet, output: random.integer(100) })]
  }).flat()
  const again = [...world.honest.values()].filter(() => random.next() < 0.05)
  for (const record of records) world.honest.set(record.requestId, record)
  const batch = [...again, ...records]
  return async () => batch.length > 0 && billing.captureUsage({ records: batch })
}

const close: Call = (world, random) => {
  const { billing } = only(world)
  const from = pick(world.allowances, random)
  return async () => from && billing.closeAllowance({ allowanceId: from.allowanceId })
}

const renew: Call = (world, random) => {
  const { billing } = only(world)
  const edge = pick(edges, random) ?? ''
  const allowanceIds = world.allowances.map(({ allowanceId }) => allowanceId)
  return () => billing.renewAllowances({ edge, allowanceIds, leaseMs: 60_000 })
}

const refund: Call = (world, random) => {
  const { billing } = only(world)
  const transferId = `refund-${next(world)}-crowd`
  const job = pick(
    world.jobs.filter(({ opened }) => opened),
    random,
  )
  const facts = { transferId, amountMicro: 500_000n, memo: 'sorry' }
  return async () => job && billing.refundCapture({ ...facts, ref: job.ref })
}

const upkeep: Call = (world) => {
  const { parts } = only(world)
  return async () => {
    await Promise.all([expireHolds(parts), expireAllowances(parts), sealLedger(parts)])
  }
}

const calls: Call[] = [
  submit,
  submit,
  submit,
  settle,
  settle,
  settle,
  capture,
  giveUp,
  allowance,
  report,
  report,
  report,
  close,
  renew,
  refund,
  upkeep,
]
