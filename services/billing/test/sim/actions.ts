import { sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import type { Action } from '@sluice/testkit/simulate'
import { expect } from 'vitest'

import { expireAllowances } from '../../src/background/expire-allowances.ts'
import { expireHolds } from '../../src/background/expire-holds.ts'
import { sealLedger } from '../../src/background/seal-ledger.ts'
import { voidUnusedHolds } from '../../src/background/void-unused-holds.ts'
import { callActions } from './call-actions.ts'
import { jobActions } from './job-actions.ts'
import type { Simulation } from './simulation.ts'
import { invoke, GRACE_MS, maybeCrash, next, pick, wallets } from './simulation.ts'

const grant: Action<Simulation> = {
  name: 'grant',
  weight: 2,
  run: async (simulation, random) => {
    const wallet = pick(wallets, random) ?? ''
    const amountMicro = BigInt(1 + random.integer(30_000_000))
    const transferId = `gift-${String(next(simulation)).padStart(6, '0')}`
    const callGrant = () =>
      invoke(
        simulation,
        ({ billing }) => billing.grantCredits({ transferId, wallet, amountMicro, memo: 'gift' }),
        maybeCrash(random),
      )
    // A caller without a result repeats the call with the same id.
    for (let reply = await callGrant(); reply.kind !== 'result'; reply = await callGrant());
    simulation.granted.set(wallet, (simulation.granted.get(wallet) ?? 0n) + amountMicro)
    return amountMicro
  },
}

const addPrice: Action<Simulation> = {
  name: 'change a price',
  weight: 0.3,
  run: async (simulation, random) => {
    const price = sampleTokenPrice({
      inputMicroPerMillion: BigInt(random.integer(300_000_000)),
      cachedInputMicroPerMillion: BigInt(random.integer(30_000_000)),
      outputMicroPerMillion: BigInt(random.integer(2_000_000_000)),
    })
    const row = { model: 'gpt-5', effectiveAt: simulation.clock.now(), price }
    const reply = await invoke(simulation, ({ billing }) => billing.addPrice({ row }))
    if (reply.kind === 'result') simulation.prices.push({ ...row, id: reply.result.id })
    return reply.kind
  },
}

const passTime: Action<Simulation> = {
  name: 'let time pass and run background tasks',
  weight: 2,
  run: async (simulation, random) => {
    await simulation.clock.advance(random.integer(400_000))
    const crash = maybeCrash(random)
    const before = await openHoldsOfRunning(simulation)
    const holds = await invoke(simulation, ({ context }) => expireHolds(context), crash)
    const allowances = await invoke(simulation, ({ context }) => expireAllowances(context))
    if (holds.kind === 'result') await checkNoneOverdue(simulation)
    expect(await openHoldsOfRunning(simulation), 'the hold of a running job expired').toEqual(
      before,
    )
    return { holds, allowances }
  },
}

async function openHoldsOfRunning({ subjects, jobs }: Simulation): Promise<string[]> {
  const running = new Set(jobs.filter(({ status }) => status === 'running').map(({ ref }) => ref))
  const ledgers = await Promise.all(subjects.map(({ ledger }) => ledger.readLedger()))
  const open = ledgers.flatMap(({ holds }) => holds.filter(({ state }) => state === 'open'))
  return open
    .map(({ ref }) => ref)
    .filter((ref) => running.has(ref))
    .toSorted()
}

/** I3: no hold is open past its expiry and grace, unless its job runs. */
async function checkNoneOverdue({ subjects, clock, jobs }: Simulation): Promise<void> {
  const running = new Set(jobs.filter(({ status }) => status === 'running').map(({ ref }) => ref))
  for (const { ledger } of subjects) {
    const { holds } = await ledger.readLedger()
    const overdue = holds.filter(
      ({ state, expiresAt, ref }) =>
        state === 'open' && !running.has(ref) && expiresAt.getTime() + GRACE_MS < clock.nowMs(),
    )
    expect(overdue).toEqual([])
  }
}

const resumeDatabase: Action<Simulation> = {
  name: 'a frozen database resumes',
  run: async ({ subjects }) => {
    const counts = []
    for (const { store, ledger } of subjects) {
      const before = await ledger.readLedger()
      const outcomes = await store.resume()
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([])
      expect(await ledger.readLedger(), 'a call that timed out was executed later').toEqual(before)
      counts.push(outcomes.length)
    }
    return counts
  },
}

const voidUnused: Action<Simulation> = {
  name: 'void holds without a job',
  run: async (simulation, random) => {
    await simulation.clock.advance(random.integer(120_000))
    const before = await openHoldsOfRunning(simulation)
    const reply = await invoke(
      simulation,
      ({ context }) => voidUnusedHolds(context),
      maybeCrash(random),
    )
    expect(await openHoldsOfRunning(simulation), 'the hold of a running job was voided').toEqual(
      before,
    )
    if (reply.kind === 'result') await checkNoneUnused(simulation)
    return reply
  },
}

/** No hold without a job is open for longer than a submission may take. */
async function checkNoneUnused({ subjects, clock, jobs }: Simulation): Promise<void> {
  const submitted = new Set(jobs.filter(({ status }) => status !== 'none').map(({ ref }) => ref))
  for (const { ledger, context } of subjects) {
    const { holds } = await ledger.readLedger()
    const unused = holds.filter(
      ({ state, purpose, openedAt, ref }) =>
        state === 'open' &&
        purpose === 'job' &&
        !submitted.has(ref) &&
        openedAt.getTime() + context.config.unusedHoldMs < clock.nowMs(),
    )
    expect(unused).toEqual([])
  }
}

const seal: Action<Simulation> = {
  name: 'seal',
  weight: 0.5,
  run: async (simulation) => {
    for (const { context } of simulation.subjects) await sealLedger(context)
  },
}

export const actions: Action<Simulation>[] = [
  grant,
  ...jobActions,
  ...callActions,
  addPrice,
  passTime,
  resumeDatabase,
  voidUnused,
  seal,
]
