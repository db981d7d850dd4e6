import type { ImageJob } from '@sluice/jobs/image-job'

import type { GatewayContext } from '../../gateway-context.ts'
import type { KeyOwner } from '../../store/key-owner-store.ts'
import { picturePaths } from './picture-paths.ts'
import type { Money } from './read-money.ts'
import { readMoney } from './read-money.ts'
import type { ShownTask, ShownTaskDetail } from './show-task.ts'
import { showTask } from './show-task.ts'

/** One task with all that can be told of it; `money` when it is known already. */
export async function describeTask(
  { deps }: Pick<GatewayContext, 'deps'>,
  { job, money }: { job: ImageJob; money?: Money },
): Promise<ShownTaskDetail> {
  const [position, owners, read] = await Promise.all([
    job.state === 'queued' ? deps.jobs.queuePosition(job.id) : undefined,
    deps.keyOwners.findOwners([job.apiKeyId]),
    money ?? readMoney(deps, job),
  ])
  const owner = owners.get(job.apiKeyId)
  const pathOf = picturePaths(deps)
  return { ...showTask(job, { pathOf, withPartials: true, position, owner }), ...read }
}

export interface DescribedTask {
  job: ImageJob
  task: ShownTask
  owner: KeyOwner | undefined
}

/** Tasks of a list, with three queries at most, however many there are. */
export async function describeTasks(
  { deps }: Pick<GatewayContext, 'deps'>,
  { jobs, withPartials }: { jobs: readonly ImageJob[]; withPartials: boolean },
): Promise<DescribedTask[]> {
  const waiting = jobs.filter(({ state }) => state === 'queued')
  const [positions, owners] = await Promise.all([
    deps.jobs.queuePositions(waiting.map(({ id }) => id)),
    deps.keyOwners.findOwners(jobs.map(({ apiKeyId }) => apiKeyId)),
  ])
  const pathOf = picturePaths(deps)
  return jobs.map((job) => {
    const owner = owners.get(job.apiKeyId)
    const position = positions.get(job.id)
    return { job, owner, task: showTask(job, { pathOf, withPartials, position, owner }) }
  })
}
