import type { Random } from '@sluice/kernel/random'

import { expireAllowances } from '../../src/background/expire-allowances.ts'
import { expireHolds } from '../../src/background/expire-holds.ts'
import { sealLedger } from '../../src/background/seal-ledger.ts'
import { id } from '../ids.ts'
import type { TestBilling } from '../test-billing.ts'
import { usageOf } from '../usage-records.ts'
import { settleJobs } from '../../src/methods/settle-jobs.ts'
import { endJob } from './job-actions.ts'
import type { SimJob, Simulation } from './simulation.ts'
import { apiKeyId, edges, model, next, pick, wallets } from './simulation.ts'

const CALLERS = 24
const GIFT_MICRO = 200_000_000n
const high = { width: 1024, height: 1024, quality: 'high' } as const

/** Grants every wallet of the simulation credits for many concurrent calls. */
export async function grantToAll(simulation: Simulation): Promise<Simulation> {
  for (const [index, wallet] of wallets.entries()) {
    const transferId = `gift-${index}-first`
    const gift = { transferId, wallet, amountMicro: GIFT_MICRO, memo: 'gift' }
    await only(simulation).billing.grantCredits(gift)
    simulation.granted.set(wallet, GIFT_MICRO)
  }
  return simulation
}

/** Runs many calls concurrently, each of them one to three times. */
export async function runConcurrentCalls(simulation: Simulation, random: Random): Promise<void> {
  await simulation.clock.advance(random.integer(200_000))
  const callers = Array.from({ length: CALLERS }, () => {
    const call = pick(calls, random) ?? submit
    const invoke = call(simulation, random)
    return Array.from({ length: 1 + random.integer(3) }, () => invoke)
  })
  await Promise.all(callers.flat().map((invoke) => invoke()))
  for (const job of simulation.jobs) {
    if (job.status === 'running' && random.next() < 0.5) await endJob(simulation, { job, random })
  }
}

type Call = (simulation: Simulation, random: Random) => () => Promise<unknown>

const only = ({ subjects }: Simulation): TestBilling => {
  const [installation] = subjects
  if (!installation) throw new Error('the simulation has no billing module')
  return installation
}

const submit: Call = (simulation, random) => {
  const { billing, ledger } = only(simulation)
  const job: SimJob = {
    ref: id('img', next(simulation)),
    wallet: pick(wallets, random) ?? '',
    worst: [high],
    expiresAt: new Date(simulation.clock.nowMs() + 100_000),
    opened: false,
    voided: false,
    status: 'none',
  }
  simulation.jobs.push(job)
  const { ref, wallet, expiresAt } = job
  const worstCase = { kind: 'images' as const, pictures: job.worst }
  return async () => {
    const result = await billing.openHold({ wallet, ref, model, worstCase, expiresAt })
    if (result.outcome !== 'opened') return
    job.opened = true
    if (job.status !== 'none') return
    job.status = 'running'
    ledger.jobs.set(ref, 'running')
  }
}

const settle: Call = (simulation, random) => {
  const { context } = only(simulation)
  const jobs = Array.from({ length: 1 + random.integer(5) }, () => pick(simulation.jobs, random))
  const jobIds = jobs.flatMap((job) => job?.ref ?? [])
  return () => settleJobs(context, { jobIds })
}

const capture: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const job = pick(simulation.jobs, random)
  if (!job || typeof job.status === 'string' || job.status.state !== 'done') return async () => {}
  const usage = { kind: 'images' as const, pictures: job.status.pictures }
  return () => billing.captureHold({ ref: job.ref, usage, source: 'upstream', apiKeyId, model })
}

const voidHold: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const job = pick(simulation.jobs, random)
  if (!job || random.next() < 0.5) return async () => {}
  job.voided = true
  return () => billing.voidHold({ ref: job.ref, reason: 'the gateway aborted the request' })
}

const allowance: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const allowanceId = id('alw', next(simulation))
  const wallet = pick(wallets, random) ?? ''
  const edge = pick(edges, random) ?? ''
  const amounts = { needMicro: 1_000n, wantMicro: 5_000_000n, leaseMs: 60_000 }
  return async () => {
    const result = await billing.openAllowance({ allowanceId, wallet, edge, ...amounts })
    if (result.outcome !== 'opened') return
    const known = simulation.allowances.some((one) => one.allowanceId === allowanceId)
    const leftMicro = result.amountMicro
    if (!known) simulation.allowances.push({ allowanceId, wallet, edge, leftMicro, alive: true })
  }
}

const report: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const records = Array.from({ length: 8 }, () => {
    const from = pick(simulation.allowances, random)
    if (!from) return []
    const { allowanceId, wallet } = from
    return [usageOf({ number: next(simulation), allowanceId, wallet, output: random.integer(100) })]
  }).flat()
  const repeated = [...simulation.valid.values()].filter(() => random.next() < 0.05)
  for (const record of records) simulation.valid.set(record.requestId, record)
  const batch = [...repeated, ...records]
  return async () => batch.length > 0 && billing.captureUsage({ records: batch })
}

const close: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const from = pick(simulation.allowances, random)
  return async () => from && billing.closeAllowance({ allowanceId: from.allowanceId })
}

const renew: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const edge = pick(edges, random) ?? ''
  const allowanceIds = simulation.allowances.map(({ allowanceId }) => allowanceId)
  return () => billing.renewAllowances({ edge, allowanceIds, leaseMs: 60_000 })
}

const refund: Call = (simulation, random) => {
  const { billing } = only(simulation)
  const transferId = `refund-${next(simulation)}-crowd`
  const job = pick(
    simulation.jobs.filter(({ opened }) => opened),
    random,
  )
  const facts = { transferId, amountMicro: 500_000n, memo: 'sorry' }
  return async () => job && billing.refundCapture({ ...facts, ref: job.ref })
}

const backgroundTasks: Call = (simulation) => {
  const { context } = only(simulation)
  return async () => {
    await Promise.all([expireHolds(context), expireAllowances(context), sealLedger(context)])
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
  voidHold,
  allowance,
  report,
  report,
  report,
  close,
  renew,
  refund,
  backgroundTasks,
]
