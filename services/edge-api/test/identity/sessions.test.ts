import { afterEach, describe, expect, it } from 'vitest'

import { defaultEdgeConfig } from '../../src/config.ts'
import { sampleKey, sampleUser } from '../../src/testing/sample-user.ts'
import { APIKEY } from '../chat/fixture.ts'
import { id } from '../chat/ids.ts'
import type { Answer, StartedGateway } from './gateway.ts'
import { PASSWORD, bearer, cookieOf, errorOf, startGateway, defined } from './gateway.ts'

let current: StartedGateway | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (current = await startGateway(...options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const DAY_MS = 86_400_000
const refresh = ({ send }: StartedGateway, { body }: Answer) =>
  send('POST', '/api/auth/refresh', { body: { refresh_token: body['refresh_token'] } })
const over = { code: 'invalid_session' }

describe('a session', () => {
  it('ends at once for all of its tokens on sign-out', async () => {
    const gateway = await open()
    const signedIn = await gateway.signIn()
    const other = await gateway.signIn()
    const out = await gateway.send('POST', '/api/auth/logout', { headers: bearer(signedIn) })
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie()).toEqual([
      '__Host-sluice_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure',
    ])
    for (const headers of [bearer(signedIn), cookieOf(signedIn)]) {
      const refused = await gateway.me(headers)
      expect(refused.status).toBe(401)
      expect(errorOf(refused)).toMatchObject(over)
    }
    expect((await refresh(gateway, signedIn)).status).toBe(401)
    expect((await gateway.me(bearer(other))).status).toBe(200)
  })

  it('ends thirty days after its last use by default, or after the configured time', async () => {
    expect(defaultEdgeConfig.sessionIdleMs).toBe(30 * DAY_MS)
    const gateway = await open({ config: { sessionIdleMs: 1_200_000 } })
    const [used, left] = [await gateway.signIn(), await gateway.signIn()]
    for (let n = 0; n < 4; n += 1) {
      await gateway.clock.advance(600_000)
      expect((await gateway.me(cookieOf(used))).status).toBe(200)
    }
    expect((await gateway.me(cookieOf(left))).status).toBe(401)
    expect((await refresh(gateway, left)).status).toBe(401)
    await gateway.clock.advance(1_200_000)
    expect((await gateway.me(cookieOf(used))).status).toBe(401)
  })

  it('accepts no API key, no token of another kind, and no invalid header beside a valid cookie', async () => {
    const gateway = await open()
    const { body, ...rest } = await gateway.signIn()
    const cookie = cookieOf({ body, ...rest })
    const wrong = [
      { authorization: `Bearer ${APIKEY}` },
      { authorization: `Bearer ${String(body['refresh_token'])}` },
      { authorization: `Bearer ${String(cookie['cookie']).split('=')[1]}` },
      { authorization: '', ...cookie },
      { authorization: 'Bearer ', ...cookie },
      { authorization: 'Basic YTpi', ...cookie },
      { cookie: `__Host-sluice_session=${String(body['access_token'])}` },
      { cookie: `sluice_session=${String(cookie['cookie']).split('=')[1]}` },
      { cookie: '__Host-sluice_session=' },
      { cookie: `${String(cookie['cookie'])}x` },
      {},
    ]
    for (const headers of wrong) {
      const refused = await gateway.me(headers as Record<string, string>)
      const { code } = errorOf(refused)
      expect([refused.status, code], JSON.stringify(headers)).toEqual([401, 'invalid_session'])
    }
    const atV1 = await gateway.send('GET', '/v1/models', { headers: bearer({ body, ...rest }) })
    expect(atV1.status).toBe(401)
  })

  it('stores no usable token in its row', async () => {
    const gateway = await open()
    const { body, headers } = await gateway.signIn()
    const sessionId = String(body['access_token']).split('.')[1]
    const row = JSON.stringify(await gateway.deps.identityStore.findSession(`ses_${sessionId}`))
    for (const secret of [body['access_token'], body['refresh_token'], ...headers.getSetCookie()]) {
      expect(row).not.toContain(String(secret).split('.').at(-1)?.slice(0, 20))
    }
  })
})

describe('a refresh token', () => {
  it('gives the next token pair when the access token has expired after 15 minutes', async () => {
    const gateway = await open()
    const first = await gateway.signIn()
    await gateway.clock.advance(900_000)
    const ended = await gateway.me(bearer(first))
    expect(errorOf(ended)).toMatchObject({ ...over, message: expect.stringContaining('refresh') })
    expect((await gateway.me(cookieOf(first))).status).toBe(200)
    const second = await refresh(gateway, first)
    expect(second.body).toMatchObject({ expires_in: 900, user: { email: 'ada@b.test' } })
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
    expect((await gateway.me(bearer(second))).status).toBe(200)
    await gateway.clock.advance(60_000)
    expect((await refresh(gateway, second)).status).toBe(200)
  })

  it('gives the same pair for parallel requests, and again after a lost answer', async () => {
    const gateway = await open()
    const first = await gateway.signIn()
    await gateway.clock.advance(60_000)
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(gateway, first)))
    await gateway.clock.advance(20_000)
    answers.push(await refresh(gateway, first))
    const one = defined(answers[0])
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      expect(body['refresh_token']).toBe(one.body['refresh_token'])
      expect(body['access_token']).toBe(one.body['access_token'])
    }
    expect(answers.at(-1)?.body['expires_in']).toBe(880)
    expect((await refresh(gateway, one)).status).toBe(200)
  })

  it('that is reused after the grace time ends the session as stolen', async () => {
    const gateway = await open()
    const first = await gateway.signIn()
    const second = await refresh(gateway, first)
    await gateway.clock.advance(30_000)
    expect(errorOf(await refresh(gateway, first))).toMatchObject(over)
    expect((await refresh(gateway, second)).status).toBe(401)
    expect((await gateway.me(bearer(second))).status).toBe(401)
    expect((await gateway.me(cookieOf(first))).status).toBe(401)
    expect(gateway.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('used twice') }),
    )
  })

  it.each(['', 'x', 'srt.', 'x'.repeat(501), 7, null])('is never %j', async (refresh_token) => {
    const { send } = await open()
    const { status } = await send('POST', '/api/auth/refresh', { body: { refresh_token } })
    expect([400, 401]).toContain(status)
  })
})

describe('a new password', () => {
  const change = (gateway: StartedGateway, by: Answer, current: string, next: string) =>
    gateway.send('POST', '/api/me/password', {
      headers: bearer(by),
      body: { current_password: current, new_password: next },
    })

  it('ends every other session and replaces the old password', async () => {
    const gateway = await open()
    const [own, other] = [await gateway.signIn(), await gateway.signIn()]
    expect((await change(gateway, own, PASSWORD, 'another password')).status).toBe(204)
    expect((await gateway.me(bearer(own))).status).toBe(200)
    expect((await gateway.me(bearer(other))).status).toBe(401)
    expect((await refresh(gateway, other)).status).toBe(401)
    expect((await gateway.signIn('ada@b.test', PASSWORD)).status).toBe(401)
    expect((await gateway.signIn('ada@b.test', 'another password')).status).toBe(200)
    expect((await gateway.signIn('root@b.test')).status).toBe(200)
  })

  it('requires the current password, guesses of which are limited', async () => {
    const gateway = await open()
    const own = await gateway.signIn()
    for (let n = 0; n < 10; n += 1) {
      const refused = await change(gateway, own, `guess number ${n}`, 'another password')
      expect(refused.status).toBe(400)
      expect(errorOf(refused)).toMatchObject({ code: 'invalid_value', param: 'current_password' })
    }
    expect((await change(gateway, own, PASSWORD, 'another password')).status).toBe(429)
    expect((await gateway.me(bearer(own))).status).toBe(200)
  })

  it('must have the length of a password', async () => {
    const gateway = await open()
    const refused = await change(gateway, await gateway.signIn(), PASSWORD, 'short')
    expect(errorOf(refused)).toMatchObject({ code: 'invalid_value', param: 'new_password' })
    expect((await gateway.signIn()).status).toBe(200)
  })
})

describe('a ban', () => {
  const reason = 'sold the account'
  const keyOfAda = async (gateway: StartedGateway) => {
    const { id: userId, wallet } = gateway.user
    await gateway.keyStore.insertKey(sampleKey({ id: id('key', 9), userId, wallet, hash: 'hash' }))
  }

  it('ends sessions and API keys at once, and the error names the reason', async () => {
    const gateway = await open()
    await keyOfAda(gateway)
    const changedKeys: string[] = []
    await gateway.bus.subscribe(
      'api-key-changed',
      async ({ apiKeyId }) => void changedKeys.push(apiKeyId),
    )
    const signedIn = await gateway.signIn()
    await gateway.identity.ban({ userId: gateway.user.id, reason, by: gateway.admin.id })
    for (const refused of [
      await gateway.me(bearer(signedIn)),
      await gateway.me(cookieOf(signedIn)),
      await refresh(gateway, signedIn),
      await gateway.signIn(),
    ]) {
      expect(refused.status).toBe(403)
      expect(errorOf(refused)).toMatchObject({
        code: 'account_banned',
        message: expect.stringContaining(reason),
      })
    }
    expect(changedKeys).toEqual([id('key', 9)])
    expect(await gateway.keyStore.findByHash('hash')).toMatchObject({
      ownerBannedAt: gateway.clock.now(),
    })
  })

  it('is not revealed without the password', async () => {
    const gateway = await open()
    await gateway.identity.ban({ userId: gateway.user.id, reason, by: null })
    const refused = await gateway.signIn('ada@b.test', 'wrong password')
    expect(errorOf(refused)).toMatchObject({ code: 'wrong_credentials' })
  })

  it('stops the API key of an active caller at once, and its removal restores the key', async () => {
    const gateway = await open()
    const caller = { id: id('usr', 1), email: 'caller@b.test', wallet: id('wal', 1) }
    await gateway.deps.identityStore.insertUser(sampleUser(caller))
    expect((await gateway.chat()).status).toBe(200)
    await gateway.identity.ban({ userId: id('usr', 1), reason, by: gateway.admin.id })
    expect((await gateway.chat()).status).toBe(401)
    await gateway.identity.unban({ userId: id('usr', 1) })
    expect((await gateway.chat()).status).toBe(200)
  })

  it('is unchanged when it is repeated, and old sessions stay ended after its removal', async () => {
    const gateway = await open()
    const signedIn = await gateway.signIn()
    const first = await gateway.identity.ban({
      userId: gateway.user.id,
      reason,
      by: gateway.admin.id,
    })
    await gateway.clock.advance(1_000)
    const again = await gateway.identity.ban({ userId: gateway.user.id, reason: 'other', by: null })
    expect(again.ban).toEqual(first.ban)
    await gateway.identity.unban({ userId: gateway.user.id })
    expect((await gateway.me(bearer(signedIn))).status).toBe(401)
    expect((await gateway.signIn()).status).toBe(200)
  })

  it('and a demotion are refused for the last active admin', async () => {
    const { identity, admin, user } = await open()
    const last = { code: 'last_admin' }
    const ban = { userId: admin.id, reason, by: user.id }
    await expect(identity.ban(ban)).rejects.toMatchObject(last)
    await expect(identity.setRole({ userId: admin.id, role: 'user' })).rejects.toMatchObject(last)
    await identity.setRole({ userId: user.id, role: 'admin' })
    await identity.ban(ban)
    const demote = identity.setRole({ userId: user.id, role: 'user' })
    await expect(demote).rejects.toMatchObject(last)
    const unknown = identity.ban({ userId: 'usr_none', reason, by: null })
    await expect(unknown).rejects.toMatchObject({ code: 'not_found' })
  })
})

it('a role takes effect with the next request', async () => {
  const gateway = await open()
  const signedIn = await gateway.signIn()
  await gateway.identity.setRole({ userId: gateway.user.id, role: 'admin' })
  expect((await gateway.me(bearer(signedIn))).body['permissions']).toContain('users:edit')
  await gateway.identity.setRole({ userId: gateway.user.id, role: 'user' })
  expect((await gateway.me(bearer(signedIn))).body['permissions']).not.toContain('users:edit')
})

it('an account created by an operator has a generated password unless one is given', async () => {
  const { identity, signIn } = await open()
  const created = await identity.createUser({ email: 'Bob@b.test', role: 'user' })
  expect(created.generatedPassword).toMatch(/^[\w-]{20}$/)
  expect((await signIn('bob@b.test', created.generatedPassword ?? '')).status).toBe(200)
  const again = identity.createUser({ email: 'bob@b.test', role: 'admin' })
  await expect(again).rejects.toMatchObject({ code: 'email_taken' })
})
