import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { describeTasks } from './describe-task.ts'
import type { ImagesContext } from './images-context.ts'
import { jobListQuery, writeCursor } from './task-query.ts'

/** `GET /api/user/images`: the user's tasks, including those of their API keys. */
export async function listImages(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { session, query }: ControlCall<'listImages'>,
): ReturnType<ControlHandlers['listImages']> {
  const { wallet } = session
  const { jobs, next } = await gateway.deps.jobs.listJobs({ ...jobListQuery(query), wallet })
  const described = await describeTasks(gateway, { jobs, withPartials: true })
  return { items: described.map(({ task }) => task), next_cursor: writeCursor(next) }
}
