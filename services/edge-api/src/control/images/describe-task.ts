import type { ImageJob } from '@sluice/jobs/image-job'

import type { GatewayContext } from '../../gateway-context.ts'
import type { KeyOwner } from '../../store/key-owner-store.ts'
import { picturePaths } from './picture-paths.ts'
import type { Money } from './read-money.ts'
import { readMoney } from './read-money.ts'
import type { TaskDto, TaskDetailDto } from './task-dto.ts'
import { toTaskDto } from './task-dto.ts'

/** One task with all its details; `money` if it is already known. */
export async function describeTask(
  { deps }: Pick<GatewayContext, 'deps'>,
  { job, money }: { job: ImageJob; money?: Money },
): Promise<TaskDetailDto> {
  const [position, owners, read] = await Promise.all([
    job.state === 'queued' ? deps.jobs.queuePosition(job.id) : undefined,
    deps.keyOwners.findOwners([job.apiKeyId]),
    money ?? readMoney(deps, job),
  ])
  const owner = owners.get(job.apiKeyId)
  const pathOf = picturePaths(deps)
  return { ...toTaskDto(job, { pathOf, withPartials: true, position, owner }), ...read }
}

export interface DescribedTask {
  job: ImageJob
  task: TaskDto
  owner: KeyOwner | undefined
}

/** The tasks of a list, with at most three queries in total. */
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
    return { job, owner, task: toTaskDto(job, { pathOf, withPartials, position, owner }) }
  })
}
