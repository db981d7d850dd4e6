import type { PictureUsage } from '@sluice/contracts/usage'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'

import type { BillingContext } from '../../src/deps.ts'
import { settleJobs } from '../../src/methods/settle-jobs.ts'
import { id } from '../ids.ts'
import type { SimJob, Simulation } from './simulation.ts'
import { apiKeyId, invoke, maybeCrash, model, next, pick, wallets } from './simulation.ts'

const qualities = ['low', 'medium', 'high'] as const

function randomPictures(random: Random, countMax: number): PictureUsage[] {
  return Array.from({ length: 1 + random.integer(countMax) }, () => ({
    width: random.next() < 0.7 ? 1024 : 1536,
    height: 1024,
    quality: pick(qualities, random) ?? 'low',
  }))
}

const openHold = async (
  simulation: Simulation,
  { job, random }: { job: SimJob; random: Random },
) => {
  const { ref, wallet, worst, expiresAt } = job
  const worstCase = { kind: 'images' as const, pictures: worst }
  const reply = await invoke(
    simulation,
    ({ billing }) => billing.openHold({ wallet, ref, model, worstCase, expiresAt }),
    maybeCrash(random),
  )
  if (reply.kind === 'result' && reply.result.outcome === 'opened') {
    job.opened = true
    // One gateway in four dies or is paused between the hold and the job.
    if (job.status === 'none' && random.next() < 0.75) setStatus(simulation, job, 'running')
  }
  return reply.kind === 'result' ? reply.result.outcome : reply.kind
}

function setStatus(simulation: Simulation, job: SimJob, status: SimJob['status']): void {
  job.status = status
  if (status === 'none') return
  for (const { ledger } of simulation.subjects) ledger.jobs.set(job.ref, status)
}

const submit: Action<Simulation> = {
  name: 'submit a job',
  weight: 6,
  run: async (simulation, random) => {
    const job: SimJob = {
      ref: id('img', next(simulation)),
      wallet: pick(wallets, random) ?? '',
      worst: randomPictures(random, 2),
      expiresAt: new Date(simulation.clock.nowMs() + 300_000),
      opened: false,
      voided: false,
      status: 'none',
    }
    simulation.jobs.push(job)
    return openHold(simulation, { job, random })
  },
}

const submitAgain: Action<Simulation> = {
  name: 'submit a job again',
  weight: 2,
  run: async (simulation, random) => {
    const job = pick(simulation.jobs, random)
    return job && openHold(simulation, { job, random })
  },
}

const submitLate: Action<Simulation> = {
  name: 'a paused edge submits its job',
  run: async (simulation, random) => {
    // At any time after its hold was opened; the table refuses a job whose hold has ended.
    const job = pick(
      simulation.jobs.filter(({ status, opened }) => opened && status === 'none'),
      random,
    )
    const rows = await simulation.subjects[0]?.ledger.readLedger()
    const hold = rows?.holds.find(({ ref }) => ref === job?.ref)
    if (!job || hold?.state !== 'open') return 'refused'
    setStatus(simulation, job, 'running')
    return 'submitted'
  },
}

const voidUnknown: Action<Simulation> = {
  name: 'void a hold unless its job was submitted',
  weight: 2,
  run: async (simulation, random) => {
    const job = pick(simulation.jobs, random)
    if (!job) return undefined
    if (job.status === 'none') job.voided = true
    const input = { ref: job.ref, reason: 'unknown', unlessSubmitted: true }
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.voidHold(input),
      maybeCrash(random),
    )
    return reply.kind
  },
}

/** Ends a job as the image-runner does: its row and the outbox row, in one transaction. */
export async function endJob(
  simulation: Simulation,
  { job, random }: { job: SimJob; random: Random },
) {
  const state = pick(['done', 'done', 'failed', 'cancelled'] as const, random) ?? 'done'
  // Some upstreams generate more pictures than requested.
  const pictures = state === 'done' ? randomPictures(random, job.worst.length) : []
  setStatus(simulation, job, { state, wallet: job.wallet, apiKeyId, model, pictures })
  for (const { ledger } of simulation.subjects) await ledger.enqueueJobEnded(job.ref)
  return state
}

const end: Action<Simulation> = {
  name: 'end a job',
  weight: 5,
  run: async (simulation, random) => {
    const running = simulation.jobs.filter(({ status }) => status === 'running')
    const job = pick(running, random)
    return job && endJob(simulation, { job, random })
  },
}

const handleJobsEnded: Action<Simulation> = {
  name: 'handle events of ended jobs',
  weight: 6,
  run: async (simulation, random) => {
    const count = 1 + random.integer(4)
    const jobs = Array.from({ length: count }, () => pick(simulation.jobs, random))
    const jobIds = jobs.flatMap((job) => job?.ref ?? [])
    const settle = async (context: BillingContext) => {
      const settled = await settleJobs(context, { jobIds })
      return settled.map(({ outcome }) => outcome)
    }
    const reply = await invoke(simulation, ({ context }) => settle(context), maybeCrash(random))
    return reply.kind === 'result' ? reply.result.join(' ') : reply.kind
  },
}

const capture: Action<Simulation> = {
  name: 'capture by call',
  run: async (simulation, random) => {
    const job = pick(simulation.jobs, random)
    if (!job || typeof job.status === 'string' || job.status.state !== 'done') return undefined
    const usage = { kind: 'images' as const, pictures: job.status.pictures }
    const input = { ref: job.ref, usage, source: 'upstream' as const, apiKeyId, model }
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.captureHold(input),
      maybeCrash(random),
    )
    return reply.kind
  },
}

const voidHold: Action<Simulation> = {
  name: 'void by call',
  run: async (simulation, random) => {
    const job = pick(simulation.jobs, random)
    if (!job || (job.status !== 'none' && random.next() < 0.5)) return undefined
    job.voided = true
    const input = { ref: job.ref, reason: 'the gateway aborted the request' }
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.voidHold(input),
      maybeCrash(random),
    )
    return reply.kind
  },
}

const refund: Action<Simulation> = {
  name: 'refund',
  weight: 2,
  run: async (simulation, random) => {
    const repeated = random.next() < 0.3 ? pick(simulation.refunds, random) : undefined
    const done = ({ status }: SimJob) => typeof status !== 'string' && status.state === 'done'
    const job = pick(random.next() < 0.9 ? simulation.jobs.filter(done) : simulation.jobs, random)
    if (!job) return undefined
    const input = repeated ?? {
      transferId: `refund-${String(next(simulation)).padStart(6, '0')}`,
      ref: job.ref,
      amountMicro: BigInt(1 + random.integer(3_000_000)),
    }
    const reply = await invoke(
      simulation,
      ({ billing }) => billing.refundCapture({ ...input, memo: 'sorry' }),
      maybeCrash(random),
    )
    if (!repeated && reply.kind !== 'refused') simulation.refunds.push(input)
    return reply.kind === 'result' ? reply.result.outcome : reply.kind
  },
}

export const jobActions: Action<Simulation>[] = [
  submit,
  submitAgain,
  submitLate,
  end,
  handleJobsEnded,
  capture,
  voidHold,
  voidUnknown,
  refund,
]
