import { isAppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'

import type { QuotaReservation } from '../../src/admit/daily-quotas.ts'
import type { Principal } from '../../src/request.ts'
import type { Running, Simulation } from './simulation.ts'
import { bornEdge, CALL_MS_MAX, charge, EDGES, quotas, today } from './simulation.ts'

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
  simulation: Simulation,
  { edge, apiKeyId, ref, worstMicro }: Omit<Running, 'kind' | 'day' | 'startedAtMs'>,
): Promise<QuotaReservation | undefined> {
  try {
    const amount = { ref, amountMicro: worstMicro }
    return await simulation.edges[edge]?.reserve(principalOf(apiKeyId), amount)
  } catch (error) {
    if (isAppError(error, 'daily_quota_exceeded') || isAppError(error, 'unavailable'))
      return undefined
    throw error
  }
}

function planned(simulation: Simulation, kind: Running['kind'], random: Random): Running {
  const apiKeyId = oneOf(Object.keys(quotas), random) ?? ''
  const worstMicro = BigInt(below(random, 120))
  const edge = below(random, EDGES)
  const ref = `${kind}_${String((simulation.nextRef += 1)).padStart(6, '0')}`
  const [day, startedAtMs] = [today(simulation), simulation.clock.nowMs()]
  return { ref, kind, apiKeyId, day, worstMicro, startedAtMs, edge }
}

async function startCall(simulation: Simulation, random: Random) {
  const call = planned(simulation, 'call', random)
  if (!(await reserved(simulation, call))) return 'refused'
  simulation.running.push(call)
  return call.ref
}

async function startJob(simulation: Simulation, random: Random) {
  const job = planned(simulation, 'job', random)
  simulation.settled.set(job.ref, null)
  const reservation = await reserved(simulation, job)
  if (!reservation) {
    simulation.settled.set(job.ref, 0n)
    return 'refused'
  }
  simulation.edges[job.edge]?.follow(reservation)
  simulation.running.push(job)
  return job.ref
}

/** Another request of the same intention, at whichever edge; it may be a late one. */
async function repeatJob(simulation: Simulation, random: Random) {
  const lately = simulation.clock.nowMs() - 900_000
  const late = simulation.ended.filter(({ startedAtMs }) => startedAtMs > lately)
  const jobs = simulation.running.filter(({ kind }) => kind === 'job')
  const job = oneOf([...jobs, ...late], random)
  if (!job) return undefined
  const edge = below(random, EDGES)
  const reservation = await reserved(simulation, { ...job, edge })
  if (reservation) simulation.edges[edge]?.follow(reservation)
  return job.ref
}

function takeOut(simulation: Simulation, one: Running): void {
  simulation.running = simulation.running.filter((other) => other !== one)
  if (one.kind === 'job') simulation.ended.push(one)
}

const shareOf = (random: Random, worstMicro: bigint) =>
  BigInt(below(random, Number(worstMicro) + 1))

/** A call ends at its edge; a job ends somewhere, and billing hears of it. */
export function endOne(simulation: Simulation, one: Running, random: Random): void {
  const chargedMicro = one.chargedMicro ?? shareOf(random, one.worstMicro)
  takeOut(simulation, one)
  const isSilent = one.kind === 'call' && chargedMicro === 0n
  if (isSilent) simulation.settled.delete(one.ref)
  else charge(simulation, one, chargedMicro)
  // Its edge died before: nobody there settles it.
  if (one.kind === 'call' && one.chargedMicro === undefined)
    simulation.edges[one.edge]?.settle({ ref: one.ref, apiKeyId: one.apiKeyId }, chargedMicro)
}

function end(simulation: Simulation, random: Random) {
  const one = oneOf(simulation.running, random)
  if (one) endOne(simulation, one, random)
  return one?.ref
}

/** An edge dies without a word. What its calls consumed waits on its disk, or is nobody's. */
function crash(simulation: Simulation, random: Random) {
  const edge = below(random, EDGES)
  simulation.edges[edge] = bornEdge(simulation)
  for (const call of simulation.running.filter((one) => one.edge === edge && one.kind === 'call')) {
    if (call.chargedMicro !== undefined) continue
    call.chargedMicro = random.next() < 0.5 ? 0n : shareOf(random, call.worstMicro)
    if (call.chargedMicro === 0n) takeOut(simulation, call)
  }
  return edge
}

async function stopEdge(simulation: Simulation, random: Random) {
  const edge = below(random, EDGES)
  const own = simulation.running.filter(({ chargedMicro }) => chargedMicro === undefined)
  for (const call of own)
    if (call.edge === edge && call.kind === 'call') endOne(simulation, call, random)
  await simulation.edges[edge]?.stop()
  simulation.edges[edge] = bornEdge(simulation)
  return edge
}

const patiently = async (work: Promise<void> | undefined) => {
  try {
    await work
  } catch (error) {
    if (!isAppError(error, 'unavailable')) throw error
  }
}

const chore = (
  name: 'backgroundTasks' | 'reconcile' | 'prune',
  weight: number,
): Action<Simulation> => ({
  name,
  weight,
  run: (simulation, random) => patiently(simulation.edges[below(random, EDGES)]?.[name]()),
})

async function passTime(simulation: Simulation, random: Random) {
  const ms = [30, 3_000, 120_000, 1_500_000, 30_000_000][below(random, 5)] ?? 0
  // A call is cut when its time is over, and a disk is read within the aftermath.
  const calls = simulation.running.filter(({ kind }) => kind === 'call')
  for (const call of calls)
    if (simulation.clock.nowMs() + ms - call.startedAtMs > CALL_MS_MAX)
      endOne(simulation, call, random)
  await simulation.clock.advance(ms)
  return ms
}

const toggle = (part: keyof Simulation['away']): Action<Simulation> => ({
  name: `${part} goes or comes`,
  weight: 0.5,
  run: ({ away }) => void (away[part] = !away[part]),
})

export const actions: Action<Simulation>[] = [
  { name: 'start a call', weight: 6, run: startCall },
  { name: 'start a job', weight: 3, run: startJob },
  { name: 'repeat a job', weight: 2, run: repeatJob },
  { name: 'end one', weight: 6, run: end },
  { name: 'crash', weight: 0.7, run: crash },
  { name: 'stop an edge', weight: 0.7, run: stopEdge },
  { name: 'pass time', weight: 3, run: passTime },
  chore('backgroundTasks', 2),
  chore('reconcile', 1),
  chore('prune', 0.5),
  toggle('database'),
  toggle('billing'),
]
