import type { FaultInput } from '@sluice/simulators/openai/fault'
import { describe, expect, it } from 'vitest'

import { can, openChannelTest, until } from './channel-test-fixture.ts'
import { idOf } from './channels-suite.ts'
import { itemsOf } from './signed-in-users.ts'

describe('operation probes of a channel test', () => {
  it.each([
    [
      'sk-chat-only-0003',
      [
        can('models', 'no', ['api.model.read']),
        can('chat', 'yes'),
        can('image', 'no', ['api.model.images.request']),
      ],
    ],
    [
      'sk-images-only-0004',
      [can('models', 'yes'), can('chat', 'no', ['model.request']), can('image', 'yes')],
    ],
  ])(
    'report the permissions of the restricted key %s, which stays active',
    async (secret, operations) => {
      const { create, test, statesOf, credentialsOf, simulator } = await openChannelTest()
      const id = idOf(await create({ secrets: [secret] }))
      const { body, text } = await test(id)
      expect(body).toMatchObject({ ok: true, results: [{ ok: true, operations }] })
      expect(text).not.toContain(secret)
      expect(await statesOf(id)).toEqual([{ state: 'active', reason: null }])
      const denied = operations.filter((one) => one.can === 'no').map(({ operation }) => operation)
      const [credential] = await credentialsOf(id)
      const restrictions = itemsOf({ body: { items: credential?.['restrictions'] } })
      expect(restrictions.map((one) => one['operation']).toSorted()).toEqual(denied.toSorted())
      const produced = simulator.log().flatMap((call) => call.produced)
      expect(produced).toEqual([])
    },
  )

  it.each<[string, FaultInput['behaviour']]>([
    ['a rate limit', { kind: 'status', status: 429, code: 'rate_limit_exceeded' }],
    ['a failure', { kind: 'status', status: 500 }],
    ['a page', { kind: 'html' }],
    ['a 400 without an error object', { kind: 'raw', status: 400, chunks: ['Bad Request'] }],
    ['a bare 401', { kind: 'raw', status: 401, chunks: [''] }],
    ['a bare 403', { kind: 'raw', status: 403, chunks: [''] }],
    ['a success', { kind: 'raw', status: 200, chunks: ['{}'] }],
    ['a cut connection', { kind: 'reset' }],
  ])('report an operation that answers with %s as unknown', async (_, behaviour) => {
    const { create, test, simulator, statesOf, credentialsOf } = await openChannelTest()
    const id = idOf(await create())
    simulator.script({ match: { route: 'chat.completions' }, times: null, behaviour })
    const { body } = await test(id)
    const operations = [can('models', 'yes'), can('chat', 'unknown'), can('image', 'yes')]
    expect(body).toMatchObject({ ok: true, results: [{ ok: true, operations }] })
    expect(await statesOf(id)).toEqual([{ state: 'active', reason: null }])
    expect(await credentialsOf(id)).toMatchObject([{ restrictions: [], cooling_until: null }])
  })

  it('report a key as invalid when an operation answers so, although listing models succeeded', async () => {
    const { create, test, simulator, statesOf } = await openChannelTest()
    const id = idOf(await create())
    const message = 'The account of sk-good-0001 was deactivated (org-9Xk2LmPq7RtYvB3n).'
    const behaviour = { kind: 'status', status: 401, code: 'account_deactivated', message } as const
    simulator.script({ match: { route: 'chat.completions' }, behaviour })
    const { body, text } = await test(id)
    expect(body).toMatchObject({ ok: false, results: [{ ok: false }] })
    expect(text).not.toMatch(/sk-good-0001|org-9Xk2/)
    expect(await statesOf(id)).toMatchObject([{ state: 'attention' }])
  })

  it('end after ten seconds without an answer, and the other results are reported', async () => {
    const { create, test, simulator, clock } = await openChannelTest()
    const id = idOf(await create())
    simulator.script({ match: { route: 'chat.completions' }, behaviour: { kind: 'hang' } })
    const testing = test(id)
    await until(() => simulator.log().some((call) => call.route === 'chat.completions'))
    await clock.advance(10_000)
    const { body } = await testing
    expect(body).toMatchObject({ ok: true, results: [{ models: expect.any(Number) }] })
    const [result] = itemsOf({ body: { items: body['results'] } })
    expect(result?.['operations']).toContainEqual(can('chat', 'unknown'))
  })
})
