import { isAppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'

import type { QuotaReservation } from '../../src/limits/daily-quotas.ts'
import { samplePrincipal } from '../../src/testing/sample-user.ts'
import type { Running, Simulation } from './simulation.ts'
import { restartedEdge, CALL_MS_MAX, charge, EDGES, quotas, today } from './simulation.ts'

const below = (random: Random, limit: number) => Math.floor(random.next() * limit)

const oneOf = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items[below(random, items.length)]

const principalOf = (apiKeyId: string) =>
  samplePrincipal({ apiKeyId, dailyQuotaMicro: quotas[apiKeyId] ?? null })

/** Undefined when the quota refused, or the database or billing was unavailable. */
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

/** A repeat of a job's request at a random edge, perhaps after the job has ended. */
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

function removeRunning(simulation: Simulation, one: Running): void {
  simulation.running = simulation.running.filter((other) => other !== one)
  if (one.kind === 'job') simulation.ended.push(one)
}

const shareOf = (random: Random, worstMicro: bigint) =>
  BigInt(below(random, Number(worstMicro) + 1))

/** Ends a call at its edge, or a job at any, and charges it at billing. */
export function endOne(simulation: Simulation, one: Running, random: Random): void {
  const chargedMicro = one.chargedMicro ?? shareOf(random, one.worstMicro)
  removeRunning(simulation, one)
  const isUncharged = one.kind === 'call' && chargedMicro === 0n
  if (isUncharged) simulation.settled.delete(one.ref)
  else charge(simulation, one, chargedMicro)
  // An edge that crashed does not settle its calls.
  if (one.kind === 'call' && one.chargedMicro === undefined)
    simulation.edges[one.edge]?.settle({ ref: one.ref, apiKeyId: one.apiKeyId }, chargedMicro)
}

function end(simulation: Simulation, random: Random) {
  const one = oneOf(simulation.running, random)
  if (one) endOne(simulation, one, random)
  return one?.ref
}

/** Crashes an edge. The usage of its calls is either in its spool or lost. */
function crash(simulation: Simulation, random: Random) {
  const edge = below(random, EDGES)
  simulation.edges[edge] = restartedEdge(simulation, edge)
  for (const call of simulation.running.filter((one) => one.edge === edge && one.kind === 'call')) {
    if (call.chargedMicro !== undefined) continue
    call.chargedMicro = random.next() < 0.5 ? 0n : shareOf(random, call.worstMicro)
    if (call.chargedMicro === 0n) removeRunning(simulation, call)
  }
  return edge
}

async function stopEdge(simulation: Simulation, random: Random) {
  const edge = below(random, EDGES)
  const own = simulation.running.filter(({ chargedMicro }) => chargedMicro === undefined)
  for (const call of own)
    if (call.edge === edge && call.kind === 'call') endOne(simulation, call, random)
  await simulation.edges[edge]?.stop()
  simulation.edges[edge] = restartedEdge(simulation, edge)
  return edge
}

const ignoreUnavailable = async (work: Promise<void> | undefined) => {
  try {
    await work
  } catch (error) {
    if (!isAppError(error, 'unavailable')) throw error
  }
}

const backgroundAction = (
  name: 'backgroundTasks' | 'reconcile' | 'prune',
  weight: number,
): Action<Simulation> => ({
  name,
  weight,
  run: (simulation, random) => ignoreUnavailable(simulation.edges[below(random, EDGES)]?.[name]()),
})

async function passTime(simulation: Simulation, random: Random) {
  const ms = [30, 3_000, 120_000, 1_500_000, 30_000_000][below(random, 5)] ?? 0
  // A call ends at its time limit, and a spool is read within the settling time after that.
  const calls = simulation.running.filter(({ kind }) => kind === 'call')
  for (const call of calls)
    if (simulation.clock.nowMs() + ms - call.startedAtMs > CALL_MS_MAX)
      endOne(simulation, call, random)
  await simulation.clock.advance(ms)
  return ms
}

const toggle = (part: keyof Simulation['unavailable']): Action<Simulation> => ({
  name: `${part} availability`,
  weight: 0.5,
  run: ({ unavailable }) => void (unavailable[part] = !unavailable[part]),
})

export const actions: Action<Simulation>[] = [
  { name: 'start a call', weight: 6, run: startCall },
  { name: 'start a job', weight: 3, run: startJob },
  { name: 'repeat a job', weight: 2, run: repeatJob },
  { name: 'end one', weight: 6, run: end },
  { name: 'crash', weight: 0.7, run: crash },
  { name: 'stop an edge', weight: 0.7, run: stopEdge },
  { name: 'pass time', weight: 3, run: passTime },
  backgroundAction('backgroundTasks', 2),
  backgroundAction('reconcile', 1),
  backgroundAction('prune', 0.5),
  toggle('database'),
  toggle('billing'),
]
