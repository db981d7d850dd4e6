import type { adminImageTask } from '@sluice/contracts/control/images'
import type { ImageJob } from '@sluice/jobs/image-job'
import { startDeadline } from '@sluice/kernel/deadline'
import type { z } from 'zod'

import type { EdgeDeps } from '../../deps.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import type { DescribedTask } from './describe-task.ts'
import { describeTasks } from './describe-task.ts'
import type { ImagesContext } from './images-context.ts'
import type { Money } from './read-money.ts'
import { readMoney, unknownMoney } from './read-money.ts'
import { jobListQuery, writeCursor } from './task-query.ts'

const READ_WITHIN_MS = 3_000

/** `GET /api/admin/images`: tasks of all users, or of one user. */
export async function listAllImages(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { query }: ControlCall<'listAllImages'>,
): ReturnType<ControlHandlers['listAllImages']> {
  const { deps } = gateway
  const { user_id: userId, ...rest } = query
  const wallet = userId === undefined ? undefined : await deps.keyOwners.walletOf(userId)
  if (userId !== undefined && wallet === undefined) return { items: [], next_cursor: null }
  const { jobs, next } = await deps.jobs.listJobs({ ...jobListQuery(rest), wallet })
  const described = await describeTasks(gateway, { jobs, withPartials: false })
  const money = await readMoneyOfMany(deps, jobs)
  const items = described.map((one) => toAdminTaskDto(one, money.get(one.job.id) ?? unknownMoney))
  return { items, next_cursor: writeCursor(next) }
}

/** A task for operators. */
export function toAdminTaskDto(
  { job, task, owner }: DescribedTask,
  money: Money,
): z.output<typeof adminImageTask> {
  return { ...task, ...money, user: owner?.user ?? null, attempts: job.attempts }
}

/** One call for all settled jobs, and one more for each open hold. */
async function readMoneyOfMany(
  deps: Pick<EdgeDeps, 'billing' | 'clock' | 'log'>,
  jobs: readonly ImageJob[],
): Promise<Map<string, Money>> {
  if (jobs.length === 0) return new Map()
  const deadline = startDeadline(deps.clock, READ_WITHIN_MS)
  const refs = jobs.map(({ id }) => id)
  try {
    const { settled, open } = await deps.billing.readSettlements(
      { refs },
      { signal: deadline.signal },
    )
    const held = jobs.filter(({ id }) => open.includes(id))
    const read = held.map(async (job) => [job.id, await readMoney(deps, job)] as const)
    return new Map([
      ...(await Promise.all(read)),
      ...settled.map(({ ref, chargedMicro }) => {
        const money: Money = { held_micro: null, charged_micro: chargedMicro }
        return [ref, money] as const
      }),
    ])
  } catch (err) {
    deps.log.warn({ err }, 'charges of tasks not read')
    return new Map()
  } finally {
    deadline.clear()
  }
}
