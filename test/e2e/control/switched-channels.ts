import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'

/** Far below the 30 s after which an edge reads everything anew. */
const SEEN_WITHIN_MS = 8_000
const MODEL = 'switched-by-the-operator'

/** What the operator's command changes is in force at every edge, by the announced version. */
export async function switchedByCommand(context: Context): Promise<void> {
  const { running } = context
  const statuses = async () => {
    const edges = [running.baseUrl, ...(running.otherBaseUrl ? [running.otherBaseUrl] : [])]
    return Promise.all(
      edges.map(async (baseUrl) => {
        const at = { ...context, running: { ...running, baseUrl } }
        const body = { model: MODEL, messages: [{ role: 'user', content: 'hello' }] }
        const answer = await call(at, '/v1/chat/completions', { body })
        await answer.arrayBuffer()
        return answer.status
      }),
    )
  }
  const seenAtEveryEdge = (isRight: (status: number) => boolean) =>
    eventually(async () => ((await statuses()).every(isRight) ? true : undefined), SEEN_WITHIN_MS)

  await running.sluice('channel', 'models', 'sandbox', `${MODEL}=sandbox-chat:chat`)
  await seenAtEveryEdge((status) => status === 200)
  await running.sluice('channel', 'off', 'sandbox')
  await seenAtEveryEdge((status) => status !== 200)
  await running.sluice('channel', 'on', 'sandbox')
  await seenAtEveryEdge((status) => status === 200)
  expect(await statuses()).toEqual((await statuses()).map(() => 200))
}
