import type { ChannelTest, ShownChannel } from '@sluice/contracts/control/admin'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'

const keys = ['key-a', 'key-b', 'key-c', 'key-d']
const models = [
  { model: 'attribution-a', upstream_model: 'gpt-5-mini', kinds: ['chat'] },
  { model: 'attribution-b', upstream_model: 'gpt-4o-mini', kinds: ['chat'] },
]

/**
 * A refused prompt leaves all four keys active; a rate limit of one model does not affect other models of the
 * key; a key that may not list models stays active, and its test shows this.
 */
export async function failuresAttributed(context: Context): Promise<void> {
  const upstream = await startOpenAiSimulator({ keys })
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const admin = <Answer>(operation: Parameters<typeof must>[1], input: object) =>
    must<Answer>(context, operation, { as: asAdmin, input })
  try {
    const { id } = await admin<ShownChannel>('createChannel', {
      body: {
        name: 'attribution',
        dialect: 'openai',
        base_url: `${upstream.url}/v1`,
        models,
        secrets: keys,
      },
    })
    const params = { id }
    const read = () => admin<ShownChannel>('getChannel', { params })
    const chat = async (model: string, content: string) => {
      const body = { model, messages: [{ role: 'user', content }] }
      const answer = await call(context, '/v1/chat/completions', { body })
      await answer.arrayBuffer()
      return answer.status
    }
    await eventually(async () =>
      (await chat('attribution-a', 'hello')) === 200 ? true : undefined,
    )

    upstream.script({
      match: { promptIncludes: 'forbidden' },
      times: null,
      behaviour: {
        kind: 'status',
        status: 403,
        message: 'Your request was blocked by our content filter',
      },
    })
    const before = upstream.log().length
    expect(await chat('attribution-a', 'a forbidden word')).toBe(403)
    expect(upstream.log()).toHaveLength(before + 1)
    const states = (await read()).credentials.map(({ state }) => state)
    expect(states).toEqual(keys.map(() => 'active'))

    upstream.script({
      match: { route: 'models', key: 'key-a' },
      behaviour: { kind: 'status', status: 403, message: 'Missing scopes: api.model.read' },
    })
    const test = await admin<ChannelTest>('testChannel', { params })
    expect(test.ok).toBe(true)
    const denied = test.results.filter(({ operations }) =>
      operations.some(({ operation, can }) => operation === 'models' && can === 'no'),
    )
    expect(denied).toHaveLength(1)

    const headers = { 'retry-after': '40' }
    upstream.script({
      match: { model: 'gpt-5-mini' },
      times: null,
      behaviour: { kind: 'status', status: 429, code: 'rate_limit_exceeded', headers },
    })
    await eventually(async () => ((await chat('attribution-a', 'more')) === 503 ? true : undefined))
    expect(await chat('attribution-b', 'more')).toBe(200)
    const limited = await eventually(async () => {
      const { credentials } = await read()
      const limitedOnes = credentials.filter(({ restrictions }) => restrictions.length > 0)
      return limitedOnes.length > 0 ? credentials : undefined
    })
    expect(limited.map(({ state, cooling_until: until }) => [state, until])).toEqual(
      keys.map(() => ['active', null]),
    )
    await admin('editChannel', { params, body: { enabled: false } })
  } finally {
    await upstream.close()
  }
}
