import type { PictureUsage } from '@sluice/contracts/usage'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'

import type { BillingParts } from '../../src/deps.ts'
import { settleJobs } from '../../src/verbs/settle-jobs.ts'
import { id } from '../ids.ts'
import type { SimJob, World } from './world.ts'
import { apiKeyId, ask, maybeCrash, model, next, pick, wallets } from './world.ts'

const qualities = ['low', 'medium', 'high'] as const

function drawPictures(random: Random, countMax: number): PictureUsage[] {
  return Array.from({ length: 1 + random.integer(countMax) }, () => ({
    width: random.next() < 0.7 ? 1024 : 1536,
    height: 1024,
    quality: pick(qualities, random) ?? 'low',
  }))
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
  name: 'an edge that was paused goes on',
  run: async (world, random) => {
    // However long ago its hold was opened; the table takes no job whose hold has ended.
    const job = pick(
      world.jobs.filter(({ fate, opened }) => opened && fate === 'none'),
      random,
    )
    const book = await world.subjects[0]?.ledger.readBook()
    const hold = book?.holds.find(({ ref }) => ref === job?.ref)
    if (!job || hold?.state !== 'open') return 'refused'
    setFate(world, job, 'running')
    return 'submitted'
  },
}

const giveBackUnknown: Action<World> = {
  name: 'give back a hold of which nothing is known',
  weight: 2,
  run: async (world, random) => {
    const job = pick(world.jobs, random)
    if (!job) return undefined
    if (job.fate === 'none') job.voided = true
    const asked = { ref: job.ref, reason: 'unknown', unlessSubmitted: true }
    const heard = await ask(world, ({ billing }) => billing.voidHold(asked), maybeCrash(random))
    return heard.kind
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
  name: 'hear that jobs ended',
  weight: 6,
  run: async (world, random) => {
    const count = 1 + random.integer(4)
    const jobs = Array.from({ length: count }, () => pick(world.jobs, random))
    const jobIds = jobs.flatMap((job) => job?.ref ?? [])
    const settle = async (parts: BillingParts) => {
      const settled = await settleJobs(parts, { jobIds })
      return settled.map(({ outcome }) => outcome)
    }
    const heard = await ask(world, ({ parts }) => settle(parts), maybeCrash(random))
    return heard.kind === 'answer' ? heard.answer.join(' ') : heard.kind
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

export const jobActions: Action<World>[] = [
  submit,
  submitAgain,
  goOn,
  end,
  hint,
  capture,
  giveUp,
  giveBackUnknown,
  refund,
]
