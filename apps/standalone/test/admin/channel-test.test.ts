import { createServer } from 'node:net'

import { describe, expect, it } from 'vitest'

import { can, openChannelTest, until } from './channel-test-fixture.ts'
import { idOf } from './channels-suite.ts'
import { itemsOf, refusalOf } from './signed-in-users.ts'

describe('a test of a channel', () => {
  it('lists the upstream’s models with each credential, and reports which of ours are missing', async () => {
    const { create, test, simulator, audit, root } = await openChannelTest()
    const models = ['gpt-image-2', 'gpt-image-99'].map((name) => ({
      model: `our-${name}`,
      upstream_model: name,
      kinds: ['image'],
    }))
    const id = idOf(await create({ models, secrets: ['sk-good-0001', 'sk-good-0002'] }))
    const answer = await test(id)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ ok: true, missing_models: ['our-gpt-image-99'] })
    const results = itemsOf({ body: { items: answer.body['results'] } })
    for (const result of results) {
      expect(result).toMatchObject({ ok: true, message: null })
      expect(Number(result['models'])).toBeGreaterThan(1)
    }
    expect(new Set(results.map((one) => one['credential_id'])).size).toBe(2)
    expect(simulator.log().filter(({ route }) => route === 'models')).toHaveLength(2)
    const behaviour = { act: 'channel.test', by: root.id, target: id }
    expect(audit().at(-1)).toEqual({ ...behaviour, tested: 2, working: 2 })
  })

  it('reports why a credential is refused, and disables it', async () => {
    const { create, test, statesOf } = await openChannelTest()
    const id = idOf(await create({ secrets: ['sk-bad-secret-0001'] }))
    const answer = await test(id)
    const message = 'The upstream rejects this secret. Check it there, or replace it. (HTTP 401)'
    expect(answer.body).toMatchObject({
      ok: false,
      results: [{ ok: false, models: null, message }],
      missing_models: [],
    })
    expect(answer.text).not.toContain('sk-bad')
    const reason = 'The upstream rejects this secret. Check it there, or replace it.'
    expect(await statesOf(id)).toEqual([{ state: 'attention', reason }])
  })

  it('reactivates a refused credential that works again', async () => {
    const { create, test, statesOf, scheduler, clock, credentialsOf, audit } =
      await openChannelTest()
    const id = idOf(await create())
    const [credential] = await credentialsOf(id)
    const credentialId = String(credential?.['id'])
    const outcome = { kind: 'unauthorised' as const, reason: 'unauthorised' }
    await scheduler.reportOutcomes({ outcomes: [{ credentialId, outcome, at: clock.now() }] })
    expect(await statesOf(id)).toMatchObject([{ state: 'attention' }])
    expect((await test(id)).body).toMatchObject({ ok: true })
    expect(await statesOf(id)).toEqual([{ state: 'active', reason: null }])
    expect(audit().at(-1)).toMatchObject({ act: 'credential.recover', target: credentialId })
  })

  it('keeps a credential paused that an operator paused, whatever the upstream answers', async () => {
    const { create, test, statesOf, credentialsOf, admin } = await openChannelTest()
    for (const [name, secret] of [
      ['good', 'sk-good-0001'],
      ['bad', 'sk-bad-0001'],
    ]) {
      const id = idOf(await create({ name, secrets: [secret] }))
      const [credential] = await credentialsOf(id)
      const path = `/api/admin/credentials/${String(credential?.['id'])}`
      await admin('PATCH', path, { body: { state: 'paused' } })
      expect((await test(id)).body).toMatchObject({ ok: name === 'good' })
      expect(await statesOf(id)).toEqual([{ state: 'paused', reason: null }])
    }
  })

  it('keeps a credential active whose model list is rate-limited', async () => {
    const { create, test, simulator, credentialsOf } = await openChannelTest()
    const id = idOf(await create())
    const headers = { 'retry-after': '30' }
    simulator.script({
      behaviour: { kind: 'status', status: 429, code: 'rate_limit_exceeded', headers },
    })
    const answer = await test(id)
    const results = [{ ok: true, message: expect.stringContaining('stays in use') }]
    expect(answer.body).toMatchObject({ ok: true, results })
    expect(await credentialsOf(id)).toMatchObject([{ state: 'active', cooling_until: null }])
  })

  it.each([
    ['403', { message: 'You have insufficient permissions. Missing scopes: api.model.read' }],
    ['401', { status: 401, code: 'missing_scope', message: 'no' }],
  ])(
    'reports the permissions of a key that may not list models (%s), and keeps it active',
    async (_, behaviour) => {
      const { create, test, simulator, statesOf } = await openChannelTest()
      const id = idOf(await create())
      const refusal = { kind: 'status', status: 403, ...behaviour } as const
      simulator.script({ match: { route: 'models' }, behaviour: refusal })
      const { body } = await test(id)
      const operations = [
        { operation: 'models', can: 'no' },
        { operation: 'chat', can: 'yes', missing_scopes: [] },
        { operation: 'image', can: 'yes', missing_scopes: [] },
      ]
      const message = expect.stringContaining('may not list models')
      expect(body).toMatchObject({
        ok: true,
        results: [{ ok: true, models: null, message, operations }],
      })
      expect(await statesOf(id)).toEqual([{ state: 'active', reason: null }])
    },
  )

  it('shows the models for which a key is limited, and removes a denial that no longer applies', async () => {
    const { create, test, scheduler, clock, credentialsOf } = await openChannelTest()
    const id = idOf(await create())
    const [credential] = await credentialsOf(id)
    const credentialId = String(credential?.['id'])
    const at = clock.now()
    const retryAt = new Date(clock.nowMs() + 40_000)
    await scheduler.reportOutcomes({
      outcomes: [
        { credentialId, at, outcome: { kind: 'denied', operation: 'image', reason: 'scope' } },
        { credentialId, at, outcome: { kind: 'limited', model: 'gpt-image-2', retryAt } },
      ],
    })
    const { body } = await test(id)
    expect(body).toMatchObject({ ok: true })
    const [result] = itemsOf({ body: { items: body['results'] } })
    // The upstream permits it again, so the recorded denial is removed.
    expect(result?.['operations']).toContainEqual(can('image', 'yes'))
    expect(await credentialsOf(id)).toMatchObject([
      {
        state: 'active',
        cooling_until: null,
        restrictions: [{ kind: 'limited', model: 'gpt-image-2', until: retryAt.toISOString() }],
      },
    ])
  })

  it('finds that a key is invalid whose calls were refused without a reason', async () => {
    const { create, test, simulator, scheduler, clock, credentialsOf, statesOf } =
      await openChannelTest()
    const id = idOf(await create())
    const [credential] = await credentialsOf(id)
    const credentialId = String(credential?.['id'])
    const bare = { kind: 'status', status: 401, body: '' } as const
    simulator.script({ times: null, behaviour: bare })
    expect((await test(id)).body).toMatchObject({ ok: false })
    expect(await statesOf(id)).toMatchObject([{ state: 'active' }])
    const outcome = { kind: 'refused' as const, operation: 'chat' as const, reason: 'x' }
    await scheduler.reportOutcomes({ outcomes: [{ credentialId, outcome, at: clock.now() }] })
    await test(id)
    expect(await statesOf(id)).toMatchObject([{ state: 'attention' }])
  })

  it.each([
    ['an HTML page', { kind: 'html' as const }, 'not a list of models'],
    ['broken JSON', { kind: 'malformed' as const }, 'not a list of models'],
    ['a failure of its own', { kind: 'status' as const, status: 500 }, 'The upstream failed.'],
    ['a wrong path', { kind: 'status' as const, status: 404 }, 'Check the path'],
    ['a cut connection', { kind: 'cut' as const, afterBytes: 10 }, 'incomplete'],
  ])('shows the operator a remedy for %s', async (_, behaviour, message) => {
    const { create, test, simulator, statesOf } = await openChannelTest()
    const id = idOf(await create())
    simulator.script({ times: null, behaviour })
    const results = [{ ok: false, models: null, message: expect.stringContaining(message) }]
    expect((await test(id)).body).toMatchObject({ ok: false, results })
    expect(await statesOf(id)).toEqual([{ state: 'active', reason: null }])
  })

  it('reports an address that cannot be reached', async () => {
    const { create, test } = await openChannelTest()
    const port = await freePort()
    const id = idOf(await create({ base_url: `http://127.0.0.1:${port}/v1` }))
    const results = [{ ok: false, message: expect.stringContaining('cannot be reached') }]
    expect((await test(id)).body).toMatchObject({ ok: false, results })
  })

  it('times out after ten seconds without an answer', async () => {
    const { create, test, simulator, clock, calls } = await openChannelTest()
    const id = idOf(await create())
    simulator.script({ behaviour: { kind: 'hang' } })
    const testing = test(id)
    await until(() => calls().length === 1)
    await clock.advance(10_000)
    const answer = await testing
    const results = [
      { ok: false, duration_ms: 10_000, message: expect.stringContaining('in time') },
    ]
    expect(answer.body).toMatchObject({ ok: false, results })
    await until(() => calls()[0]?.end === 'client-gone')
  })

  it('is aborted when the operator disconnects', async () => {
    const { create, test, simulator, calls } = await openChannelTest()
    const secrets = Array.from({ length: 6 }, (_, n) => `sk-${n}`)
    const id = idOf(await create({ secrets }))
    simulator.script({ times: null, behaviour: { kind: 'hang' } })
    const disconnect = new AbortController()
    const testing = test(id, disconnect.signal)
    testing.catch(() => undefined)
    await until(() => calls().length === 4)
    disconnect.abort()
    await expect(testing).rejects.toMatchObject({ name: 'AbortError' })
    await until(() => calls().every(({ end }) => end === 'client-gone'))
    expect(calls()).toHaveLength(4)
  })

  it('tests at most twenty credentials, disabled ones first, four concurrently', async () => {
    const { create, test, simulator, calls, credentialsOf, scheduler, clock } =
      await openChannelTest()
    const secrets = Array.from({ length: 25 }, (_, n) => `sk-unknown-${n}`)
    const id = idOf(await create({ secrets }))
    const troubled = String((await credentialsOf(id)).at(-1)?.['id'])
    const outcome = { kind: 'unauthorised' as const, reason: 'unauthorised' }
    const outcomes = [{ credentialId: troubled, outcome, at: clock.now() }]
    await scheduler.reportOutcomes({ outcomes })
    simulator.script({ times: 4, behaviour: { kind: 'hang' } })
    const testing = test(id)
    await until(() => calls().length === 4)
    expect(calls().filter(({ end }) => end === null)).toHaveLength(4)
    await clock.advance(10_000)
    const results = itemsOf({ body: { items: (await testing).body['results'] } })
    expect(results).toHaveLength(20)
    expect(results[0]).toMatchObject({ credential_id: troubled })
    expect(calls()).toHaveLength(20)
  })

  it('counts the models of the sandbox without an upstream call', async () => {
    const { create, test, calls } = await openChannelTest()
    const names = ['sandbox-image', 'gpt-image-2']
    const models = names.map((name) => ({ model: name, upstream_model: name, kinds: ['image'] }))
    const sandbox = { name: 'sandbox', dialect: 'sandbox', base_url: '', models }
    const id = idOf(await create({ ...sandbox, secrets: ['sandbox'] }))
    const results = [{ ok: true, models: 2, message: null }]
    expect((await test(id)).body).toMatchObject({ ok: true, results, missing_models: [] })
    expect(calls()).toEqual([])
  })

  it('fails for a channel without credentials, and answers 404 for an unknown one', async () => {
    const { create, test, credentialsOf, admin } = await openChannelTest()
    const id = idOf(await create())
    const [credential] = await credentialsOf(id)
    const path = `/api/admin/credentials/${String(credential?.['id'])}`
    await admin('PATCH', path, { body: { state: 'retired' } })
    expect((await test(id)).body).toEqual({ ok: false, results: [], missing_models: [] })
    const nowhere = await test(`chan_${'0'.repeat(32)}`)
    expect(refusalOf(nowhere)).toMatchObject({ status: 404, code: 'not_found' })
  })
})

/** A port without a listener. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}
