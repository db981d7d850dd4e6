import { isAppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'

import type { QuotaReservation } from '../../src/admit/daily-quotas.ts'
import type { Principal } from '../../src/request.ts'
import type { Running, World } from './world.ts'
import { bornEdge, CALL_MS_MAX, charge, EDGES, quotas, today } from './world.ts'

const below = (random: Random, limit: number) => Math.floor(random.next() * limit)

const oneOf = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items[below(random, items.length)]

const principalOf = (apiKeyId: string): Principal => ({
  apiKeyId,
  wallet: 'wal_1',
  rpmLimit: null,
  models: null,
  networks: null,
  dailyQuotaMicro: quotas[apiKeyId] ?? null,
})

/** Refused, or nobody could be asked. */
async function reserved(
  world: World,
  { edge, apiKeyId, ref, worstMicro }: Omit<Running, 'kind' | 'day' | 'startedAtMs'>,
): Promise<QuotaReservation | undefined> {
  try {
    const amount = { ref, amountMicro: worstMicro }
    return await world.edges[edge]?.reserve(principalOf(apiKeyId), amount)
  } catch (error) {
    if (isAppError(error, 'daily_quota_exceeded') || isAppError(error, 'unavailable'))
      return undefined
    throw error
  }
}

function planned(world: World, kind: Running['kind'], random: Random): Running {
  const apiKeyId = oneOf(Object.keys(quotas), random) ?? ''
  const worstMicro = BigInt(below(random, 120))
  const edge = below(random, EDGES)
  const ref = `${kind}_${String((world.nextRef += 1)).padStart(6, '0')}`
  const [day, startedAtMs] = [today(world), world.clock.nowMs()]
  return { ref, kind, apiKeyId, day, worstMicro, startedAtMs, edge }
}

async function startCall(world: World, random: Random) {
  const call = planned(world, 'call', random)
  if (!(await reserved(world, call))) return 'refused'
  world.running.push(call)
  return call.ref
}

async function startJob(world: World, random: Random) {
  const job = planned(world, 'job', random)
  world.settled.set(job.ref, null)
  const reservation = await reserved(world, job)
  if (!reservation) {
    world.settled.set(job.ref, 0n)
    return 'refused'
  }
  world.edges[job.edge]?.follow(reservation)
  world.running.push(job)
  return job.ref
}

/** Another request of the same intention, at whichever edge; it may be a late one. */
async function repeatJob(world: World, random: Random) {
  const lately = world.clock.nowMs() - 900_000
  const late = world.ended.filter(({ startedAtMs }) => startedAtMs > lately)
  const jobs = world.running.filter(({ kind }) => kind === 'job')
  const job = oneOf([...jobs, ...late], random)
  if (!job) return undefined
  const edge = below(random, EDGES)
  const reservation = await reserved(world, { ...job, edge })
  if (reservation) world.edges[edge]?.follow(reservation)
  return job.ref
}

function takeOut(world: World, one: Running): void {
  world.running = world.running.filter((other) => other !== one)
  if (one.kind === 'job') world.ended.push(one)
}

const shareOf = (random: Random, worstMicro: bigint) =>
  BigInt(below(random, Number(worstMicro) + 1))

/** A call ends at its edge; a job ends somewhere, and billing hears of it. */
export function endOne(world: World, one: Running, random: Random): void {
  const chargedMicro = one.chargedMicro ?? shareOf(random, one.worstMicro)
  takeOut(world, one)
  const isSilent = one.kind === 'call' && chargedMicro === 0n
  if (isSilent) world.settled.delete(one.ref)
  else charge(world, one, chargedMicro)
  // Its edge died before: nobody there settles it.
  if (one.kind === 'call' && one.chargedMicro === undefined)
    world.edges[one.edge]?.settle({ ref: one.ref, apiKeyId: one.apiKeyId }, chargedMicro)
}

function end(world: World, random: Random) {
  const one = oneOf(world.running, random)
  if (one) endOne(world, one, random)
  return one?.ref
}

/** An edge dies without a word. What its calls consumed waits on its disk, or is nobody's. */
function crash(world: World, random: Random) {
  const edge = below(random, EDGES)
  world.edges[edge] = bornEdge(world)
  for (const call of world.running.filter((one) => one.edge === edge && one.kind === 'call')) {
    if (call.chargedMicro !== undefined) continue
    call.chargedMicro = random.next() < 0.5 ? 0n : shareOf(random, call.worstMicro)
    if (call.chargedMicro === 0n) takeOut(world, call)
  }
  return edge
}

async function stopEdge(world: World, random: Random) {
  const edge = below(random, EDGES)
  const own = world.running.filter(({ chargedMicro }) => chargedMicro === undefined)
  for (const call of own)
    if (call.edge === edge && call.kind === 'call') endOne(world, call, random)
  await world.edges[edge]?.stop()
  world.edges[edge] = bornEdge(world)
  return edge
}

const patiently = async (work: Promise<void> | undefined) => {
  try {
    await work
  } catch (error) {
    if (!isAppError(error, 'unavailable')) throw error
  }
}

const chore = (name: 'upkeep' | 'reconcile' | 'prune', weight: number): Action<World> => ({
  name,
  weight,
  run: (world, random) => patiently(world.edges[below(random, EDGES)]?.[name]()),
})

async function passTime(world: World, random: Random) {
  const ms = [30, 3_000, 120_000, 1_500_000, 30_000_000][below(random, 5)] ?? 0
  // A call is cut when its time is over, and a disk is read within the aftermath.
  const calls = world.running.filter(({ kind }) => kind === 'call')
  for (const call of calls)
    if (world.clock.nowMs() + ms - call.startedAtMs > CALL_MS_MAX) endOne(world, call, random)
  await world.clock.advance(ms)
  return ms
}

const toggle = (part: keyof World['away']): Action<World> => ({
  name: `${part} goes or comes`,
  weight: 0.5,
  run: ({ away }) => void (away[part] = !away[part]),
})

export const actions: Action<World>[] = [
  { name: 'start a call', weight: 6, run: startCall },
  { name: 'start a job', weight: 3, run: startJob },
  { name: 'repeat a job', weight: 2, run: repeatJob },
  { name: 'end one', weight: 6, run: end },
  { name: 'crash', weight: 0.7, run: crash },
  { name: 'stop an edge', weight: 0.7, run: stopEdge },
  { name: 'pass time', weight: 3, run: passTime },
  chore('upkeep', 2),
  chore('reconcile', 1),
  chore('prune', 0.5),
  toggle('database'),
  toggle('billing'),
]
