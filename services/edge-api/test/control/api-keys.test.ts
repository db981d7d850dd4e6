import { describe, expect, it } from 'vitest'

import { LIVE_KEYS_MAX } from '../../src/control/keys/create-api-key.ts'
import { keyHash } from '../../src/auth/key-hash.ts'
import { sampleKey } from '../../src/testing/sample-user.ts'
import { id } from '../chat/ids.ts'
import { question } from '../chat/fixture.ts'
import type { Answer, StartedGateway } from '../identity/gateway.ts'
import { bearer, errorOf } from '../identity/gateway.ts'
import { keyActionsOf, KEYS, openKeys } from './own-keys.ts'

const DAY_MS = 86_400_000

async function bob(gateway: StartedGateway) {
  const password = 'another long password'
  await gateway.identity.createUser({ email: 'bob@b.test', role: 'user', password })
  return keyActionsOf(gateway, bearer(await gateway.signIn('bob@b.test', password)))
}

const whole = {
  name: 'for the website',
  rpm_limit: 60,
  daily_quota_micro: '5000000',
  model_whitelist: ['gpt-5-mini'],
  ip_whitelist: ['10.1.2.3/8', '203.0.113.7', '2001:db8::1'],
  expires_at: '2026-12-24T00:00:00.000Z',
}

const itemsOf = ({ body }: Answer) => {
  const { items } = body
  return Array.isArray(items) ? items.map((item): Record<string, unknown> => ({ ...item })) : []
}

describe('creating a key', () => {
  it('shows it once, works at once, and stores only its hash', async () => {
    const { gateway, make, read, list } = await openKeys()
    const created = await make(whole)
    expect(created.status).toBe(201)
    const { api_key: secret, ...shown } = created.body
    expect(secret).toMatch(/^sk-sluice-[0-9a-f]{40}$/)
    expect(shown).toEqual({
      ...whole,
      daily_quota: '5',
      spent_today: '0',
      id: expect.stringMatching(/^key_[0-9a-f]{32}$/),
      prefix: String(secret).slice(0, 18),
      ip_whitelist: ['10.0.0.0/8', '203.0.113.7', '2001:db8::1'],
      spent_today_micro: '0',
      state: 'active',
      created_at: '2026-11-21T09:00:00.000Z',
      last_used_at: null,
      revoked_at: null,
    })
    expect((await read(shown['id'])).body).toEqual(shown)
    expect(itemsOf(await list())).toEqual([shown])
    const found = await gateway.keyStore.findByHash(keyHash(gateway.deps.pepper)(String(secret)))
    expect(found?.id).toBe(shown['id'])
  })

  it('sets no limits by default, and pays from the wallet of its owner', async () => {
    const { gateway, make } = await openKeys()
    const { body } = await make()
    const none = { rpm_limit: null, daily_quota: null, model_whitelist: null, ip_whitelist: null }
    expect(body).toMatchObject({ ...none, expires_at: null })
    const found = await gateway.keyStore.findByHash(
      keyHash(gateway.deps.pepper)(String(body['api_key'])),
    )
    expect(found?.wallet).toBe(gateway.user.wallet)
  })

  it.each([
    ['no name', { name: ' ' }, 'name'],
    ['a rate limit of zero', { rpm_limit: 0 }, 'rpm_limit'],
    ['a quota of zero', { daily_quota_micro: '0' }, 'daily_quota_micro'],
    ['a quota of zero credits', { daily_quota: 0 }, 'daily_quota'],
    ['a quota below a micro-credit', { daily_quota: 0.0000001 }, 'daily_quota'],
    ['a quota with seven decimals', { daily_quota: '1.0000001' }, 'daily_quota'],
    ['a quota that is not an amount', { daily_quota: 'a lot' }, 'daily_quota'],
    ['a quota that is a list', { daily_quota: [5] }, 'daily_quota'],
    ['two quotas', { daily_quota: 5, daily_quota_micro: '5' }, 'daily_quota'],
    ['half a micro-credit', { daily_quota_micro: 0.5 }, 'daily_quota_micro'],
    ['an empty model list', { model_whitelist: [] }, 'model_whitelist'],
    ['an empty network list', { ip_whitelist: [] }, 'ip_whitelist'],
    ['an invalid network', { ip_whitelist: ['10.0.0.0/33'] }, 'ip_whitelist.0'],
    ['a host name instead of an address', { ip_whitelist: ['localhost'] }, 'ip_whitelist.0'],
    ['an expiry that has passed', { expires_at: '2026-11-21T09:00:00.000Z' }, 'expires_at'],
    ['an unknown field', { admin: true }, 'admin'],
  ])('refuses %s, and names the field', async (_name, body, param) => {
    const { make, list } = await openKeys()
    const refused = await make(body)
    expect(refused.status).toBe(400)
    expect(errorOf(refused)).toMatchObject({ code: 'invalid_value', param })
    expect(itemsOf(await list())).toEqual([])
  })

  it.each([
    [{ daily_quota: 1000 }, '1000', '1000000000'],
    [{ daily_quota: '12.5' }, '12.5', '12500000'],
    [{ daily_quota: 0.1 }, '0.1', '100000'],
    [{ daily_quota: 0.000007 }, '0.000007', '7'],
    [{ daily_quota: 999_999_999.123457 }, '999999999.123457', '999999999123457'],
    [{ daily_quota_micro: 1000 }, '0.001', '1000'],
    [{ daily_quota_micro: '1000' }, '0.001', '1000'],
    [{ daily_quota: 2, daily_quota_micro: '2000000' }, '2', '2000000'],
    [{ daily_quota: null }, null, null],
  ])(
    'accepts a quota as %j, and returns it in credits and in micro-credits',
    async (body, credits, micro) => {
      const { make, edit } = await openKeys()
      const created = await make(body)
      expect(created.status).toBe(201)
      expect(created.body).toMatchObject({ daily_quota: credits, daily_quota_micro: micro })
      const edited = await edit(created.body['id'], body)
      expect(edited.body).toMatchObject({ daily_quota: credits, daily_quota_micro: micro })
    },
  )

  it('describes the format of an amount when it is invalid', async () => {
    const { make } = await openKeys()
    const refused = await make({ daily_quota: '1,000' })
    expect(errorOf(refused)['message']).toContain('such as 1000 or "12.5"')
  })

  it('is limited by the number of live keys, of which a revoked one is none', async () => {
    const { gateway, make, revoke } = await openKeys()
    const { body } = await make()
    const userId = gateway.user.id
    for (let n = 1; n < LIVE_KEYS_MAX; n += 1) {
      const hash = n.toString(16).padStart(64, '0')
      await gateway.keyStore.insertKey(sampleKey({ id: id('key', n), userId, hash }))
    }
    const refused = await make()
    expect(refused.status).toBe(422)
    expect(errorOf(refused)).toMatchObject({ code: 'too_many_api_keys' })
    await revoke(body['id'])
    expect((await make()).status).toBe(201)
  })
})

describe('the list', () => {
  it('is paged newest first, and stable while keys are created', async () => {
    const { gateway, make, list } = await openKeys()
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      await make({ name })
      await gateway.clock.advance(1)
    }
    const namesOf = (answer: Answer) => itemsOf(answer).map(({ name }) => name)
    const first = await list('?limit=2')
    expect(namesOf(first)).toEqual(['five', 'four'])
    await make({ name: 'six' })
    const second = await list(`?limit=2&cursor=${String(first.body['next_cursor'])}`)
    expect(namesOf(second)).toEqual(['three', 'two'])
    const last = await list(`?limit=2&cursor=${String(second.body['next_cursor'])}`)
    expect([namesOf(last), last.body['next_cursor']]).toEqual([['one'], null])
  })

  it.each(['nonsense', 'a2V5XzE', '../../etc'])('refuses the cursor %s', async (cursor) => {
    const { list } = await openKeys()
    const refused = await list(`?cursor=${cursor}`)
    expect(errorOf(refused)).toMatchObject({ code: 'invalid_value', param: 'cursor' })
  })

  it('shows the state of revoked and expired keys', async () => {
    const { gateway, make, revoke, list } = await openKeys()
    const gone = await make({ name: 'gone' })
    await revoke(gone.body['id'])
    await make({ name: 'short', expires_at: '2026-11-21T09:01:00.000Z' })
    await gateway.clock.advance(60_000)
    const states = itemsOf(await list()).map(({ name, state }) => `${name}: ${state}`)
    expect(states.sort()).toEqual(['gone: revoked', 'short: expired'])
  })

  it("shows the use of today's quota and the last use of the key", async () => {
    const { gateway, make, read } = await openKeys()
    const { body } = await make({ daily_quota_micro: '1000' })
    const apiKeyId = String(body['id'])
    const reservation = { apiKeyId, day: '2026-11-21', at: gateway.clock.now() }
    await gateway.quotaStore.reserve({ ...reservation, ref: 'req_1', amountMicro: 600n })
    const at = gateway.clock.now()
    await gateway.quotaStore.settle({ settlements: [{ ref: 'req_1', spentMicro: 150n }], at })
    await gateway.quotaStore.reserve({ ...reservation, ref: 'req_2', amountMicro: 300n })
    await gateway.keyStore.touchLastUsed([{ apiKeyId, at }])
    expect((await read(apiKeyId)).body).toMatchObject({
      spent_today_micro: '450',
      last_used_at: '2026-11-21T09:00:00.000Z',
    })
    await gateway.clock.advance(DAY_MS)
    const signedIn = keyActionsOf(gateway, bearer(await gateway.signIn()))
    expect((await signedIn.read(apiKeyId)).body).toMatchObject({ spent_today_micro: '0' })
  })
})

describe("another user's key, and a hidden one", () => {
  it('can be neither read nor changed nor revoked', async () => {
    const { gateway, make, list } = await openKeys()
    const { body } = await make()
    const other = await bob(gateway)
    const { user, clock } = gateway
    const panel = { id: id('key', 7), userId: user.id, wallet: user.wallet, hash: 'f'.repeat(64) }
    await gateway.keyStore.ensurePanelKey({ ...panel, createdAt: clock.now() })
    const ada = keyActionsOf(gateway, bearer(await gateway.signIn()))
    const attempts = [
      await other.read(body['id']),
      await other.edit(body['id'], { name: 'x' }),
      await other.revoke(body['id']),
      await ada.read(panel.id),
      await ada.edit(panel.id, { name: 'x' }),
      await ada.revoke(panel.id),
      await ada.revoke(id('key', 99)),
      await ada.read('what-is-this'),
    ]
    for (const attempt of attempts) {
      expect(attempt.status).toBe(404)
      expect(errorOf(attempt)).toMatchObject({ code: 'not_found' })
    }
    expect(itemsOf(await other.list())).toEqual([])
    expect(itemsOf(await list())).toMatchObject([{ name: 'mine', state: 'active' }])
  })
})

describe('changing a key', () => {
  it('changes only the given fields, and null removes a limit', async () => {
    const { make, edit, read } = await openKeys()
    const { api_key: _, ...created } = (await make(whole)).body
    const renamed = await edit(created['id'], { name: 'other' })
    expect(renamed.body).toEqual({ ...created, name: 'other' })
    const lifted = await edit(created['id'], { daily_quota: null, ip_whitelist: null })
    const none = { daily_quota: null, daily_quota_micro: null, ip_whitelist: null }
    const expected = { ...created, name: 'other', ...none }
    expect(lifted.body).toEqual(expected)
    expect((await edit(created['id'], {})).body).toEqual(expected)
    const networks = await edit(created['id'], { ip_whitelist: ['::ffff:10.9.9.9/104'] })
    expect(networks.body).toMatchObject({ ip_whitelist: ['10.0.0.0/8'] })
    expect((await read(created['id'])).body).toEqual(networks.body)
  })

  it('reactivates an expired key, and refuses an expiry in the past', async () => {
    const { gateway, make, edit } = await openKeys()
    const { body } = await make({ expires_at: '2026-11-21T09:01:00.000Z' })
    await gateway.clock.advance(120_000)
    const past = await edit(body['id'], { expires_at: '2026-11-21T09:01:30.000Z' })
    expect(errorOf(past)).toMatchObject({ code: 'invalid_value', param: 'expires_at' })
    const back = await edit(body['id'], { expires_at: null })
    expect(back.body).toMatchObject({ state: 'active', expires_at: null })
  })

  it('is refused after revocation, which may be repeated', async () => {
    const { make, edit, revoke } = await openKeys()
    const { body } = await make()
    expect([(await revoke(body['id'])).status, (await revoke(body['id'])).status]).toEqual([
      204, 204,
    ])
    const refused = await edit(body['id'], { name: 'x' })
    expect(refused.status).toBe(422)
    expect(errorOf(refused)).toMatchObject({ code: 'api_key_revoked' })
  })
})

it('a session is not accepted by /v1, and an API key not by the key routes', async () => {
  const { gateway, make } = await openKeys()
  const { body } = await make()
  const session = bearer(await gateway.signIn())
  const { status } = await gateway.send('POST', '/v1/chat/completions', {
    body: question,
    headers: session,
  })
  expect(status).toBe(401)
  const headers = { authorization: `Bearer ${String(body['api_key'])}` }
  expect((await gateway.send('GET', KEYS, { headers })).status).toBe(401)
})
