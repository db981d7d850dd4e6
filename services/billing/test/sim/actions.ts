import type { Action } from '@sluice/testkit/simulate'
import { expect } from 'vitest'

import { expireAllowances } from '../../src/upkeep/expire-allowances.ts'
import { expireHolds } from '../../src/upkeep/expire-holds.ts'
import { sealLedger } from '../../src/upkeep/seal-ledger.ts'
import { voidUnusedHolds } from '../../src/upkeep/void-unused-holds.ts'
import { callActions } from './call-actions.ts'
import { jobActions } from './job-actions.ts'
import type { World } from './world.ts'
import { ask, GRACE_MS, maybeCrash, next, pick, wallets } from './world.ts'

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

const wake: Action<World> = {
  name: 'a frozen database wakes up',
  run: async ({ subjects }) => {
    const counts = []
    for (const { store, ledger } of subjects) {
      const before = await ledger.readBook()
      const outcomes = await store.wake()
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([])
      expect(await ledger.readBook(), 'a refused call was done later').toEqual(before)
      counts.push(outcomes.length)
    }
    return counts
  },
}

const giveBackUnused: Action<World> = {
  name: 'give back holds without a job',
  run: async (world, random) => {
    await world.clock.advance(random.integer(120_000))
    const before = await openHoldsOfRunning(world)
    const heard = await ask(world, ({ parts }) => voidUnusedHolds(parts), maybeCrash(random))
    expect(await openHoldsOfRunning(world), 'the hold of a living job was voided').toEqual(before)
    if (heard.kind === 'answer') await checkNoneUnused(world)
    return heard
  },
}

/** None without a job is open for longer than a submission may take. */
async function checkNoneUnused({ subjects, clock, jobs }: World): Promise<void> {
  const submitted = new Set(jobs.filter(({ fate }) => fate !== 'none').map(({ ref }) => ref))
  for (const { ledger, parts } of subjects) {
    const { holds } = await ledger.readBook()
    const unused = holds.filter(
      ({ state, purpose, openedAt, ref }) =>
        state === 'open' &&
        purpose === 'job' &&
        !submitted.has(ref) &&
        openedAt.getTime() + parts.config.unusedHoldMs < clock.nowMs(),
    )
    expect(unused).toEqual([])
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
  ...jobActions,
  ...callActions,
  addPrice,
  pass,
  wake,
  giveBackUnused,
  seal,
]
