import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'

/** Much less than the 30 s after which edge-api reloads everything. */
const SEEN_WITHIN_MS = 8_000
const MODEL = 'switched-by-the-operator'

/** A change by an operator's command takes effect at every gateway, by its event. */
export async function switchedByCommand(context: Context): Promise<void> {
  const { running } = context
  const statuses = async () => {
    const gateways = [running.baseUrl, ...(running.otherBaseUrl ? [running.otherBaseUrl] : [])]
    return Promise.all(
      gateways.map(async (baseUrl) => {
        const at = { ...context, running: { ...running, baseUrl } }
        const body = { model: MODEL, messages: [{ role: 'user', content: 'hello' }] }
        const answer = await call(at, '/v1/chat/completions', { body })
        await answer.arrayBuffer()
        return answer.status
      }),
    )
  }
  const everyGatewayAnswers = (isExpected: (status: number) => boolean) =>
    eventually(
      async () => ((await statuses()).every(isExpected) ? true : undefined),
      SEEN_WITHIN_MS,
    )

  await running.sluice('channel', 'models', 'sandbox', `${MODEL}=sandbox-chat:chat`)
  await everyGatewayAnswers((status) => status === 200)
  await running.sluice('channel', 'off', 'sandbox')
  await everyGatewayAnswers((status) => status !== 200)
  await running.sluice('channel', 'on', 'sandbox')
  await everyGatewayAnswers((status) => status === 200)
  expect(await statuses()).toEqual((await statuses()).map(() => 200))
}
