import { afterEach, describe, expect, it } from 'vitest'

import type { Answer, StartedGateway } from './visitor.ts'
import { PASSWORD, bearer, cookieOf, errorOf, inTime, startGateway, whole } from './visitor.ts'

let here: StartedGateway | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (here = await startGateway(...options))
afterEach(async () => {
  await here?.close()
  here = undefined
})

describe('signing in', () => {
  it('answers tokens for scripts and a cookie for browsers, both for one session', async () => {
    const { signIn, me, user } = await open()
    const answer = await signIn()
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^sat\./),
      refresh_token: expect.stringMatching(/^srt\./),
      expires_in: 900,
      token_type: 'Bearer',
      user: {
        id: user.id,
        email: 'ada@b.test',
        role: 'user',
        created_at: '2026-11-21T09:00:00.000Z',
      },
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-sluice_session=sct\.[\w.-]+; Max-Age=34560000; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      ),
      expect.stringMatching(/^__Host-sluice_device=[\w.-]+; Max-Age=34560000; .*; Secure$/),
    ])
    for (const headers of [bearer(answer), cookieOf(answer)]) {
      const { status, body } = await me(headers)
      expect(status).toBe(200)
      expect(body).toMatchObject({
        user: { id: user.id },
        balance: { posted_micro: '7000000', held_micro: '2000000', available_micro: '5000000' },
      })
      expect(body['permissions']).toContain('own-account:edit')
      expect(body['permissions']).not.toContain('users:edit')
    }
  })

  it('takes an e-mail however it is written', async () => {
    const { signIn } = await open()
    expect((await signIn('  ADA@B.test ')).status).toBe(200)
  })

  it('sets a plain cookie, and warns the operator once, where there is no encryption', async () => {
    const { signIn, me, log } = await open({ config: { publicBaseUrl: 'http://192.168.1.7' } })
    const answer = await signIn()
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^sluice_session=[\w.-]+; .*HttpOnly; SameSite=Lax$/)
    expect((await me(cookieOf(answer))).status).toBe(200)
    expect(log.lines.filter(({ message }) => message.includes('encryption'))).toHaveLength(1)
  })

  it('says the same of a wrong password, an unknown e-mail and a person without a password', async () => {
    const { signIn, deps } = await open()
    await deps.identityStore.insertUser({
      id: 'usr_p',
      email: 'none@b.test',
      role: 'user',
      wallet: 'wal_p',
      passwordHash: null,
      createdAt: deps.clock.now(),
    })
    const answers = [
      await signIn('ada@b.test', 'wrong password'),
      await signIn('nobody@b.test', 'wrong password'),
      await signIn('none@b.test', 'wrong password'),
      await signIn('none@b.test', ''.padEnd(1)),
    ]
    const [first] = answers
    for (const answer of answers) {
      expect(answer.status).toBe(401)
      expect(answer.body).toEqual(first?.body)
      expect([...answer.headers.keys()]).toEqual([...(first?.headers.keys() ?? [])])
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    expect(errorOf(whole(first))).toMatchObject({ code: 'wrong_credentials' })
  })

  it.each([
    ['', 'invalid_json', null],
    ['{}', 'missing_required_parameter', 'email'],
    ['[]', 'invalid_json', null],
    ['{"email":"ada@b.test"}', 'missing_required_parameter', 'password'],
    ['{"email":"not an address","password":"x"}', 'invalid_value', 'email'],
    ['{"email":["ada@b.test"],"password":"x"}', 'invalid_value', 'email'],
    ['{"email":"ada@b.test","password":{"$ne":""}}', 'invalid_value', 'password'],
    ['{"email":"ada@b.test","password":""}', 'invalid_value', 'password'],
    [`{"email":"ada@b.test","password":"${'x'.repeat(201)}"}`, 'invalid_value', 'password'],
    [`{"email":"${'x'.repeat(300)}@b.test","password":"x"}`, 'invalid_value', 'email'],
    ['{"email":"ada@b.test","password":"x","role":"admin"}', 'invalid_value', 'role'],
    ['{"email":"ada@b.test","password":"x"', 'invalid_json', null],
  ])('refuses %s, and names the field', async (body, code, param) => {
    const { ask } = await open()
    const answer = await ask('POST', '/api/auth/login', {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code, param })
  })

  it('refuses a body that is no JSON or too large before it is read', async () => {
    const { ask } = await open()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const asForm = await ask('POST', '/api/auth/login', { body: 'email=a', headers: form })
    expect(asForm.status).toBe(415)
    const large = await ask('POST', '/api/auth/login', {
      body: { email: 'ada@b.test', password: 'x'.repeat(2_000_000) },
    })
    expect(large.status).toBe(413)
  })
})

/** What a browser sends that signed in before, and has signed out. */
const deviceOf = ({ headers }: Answer) => ({
  cookie: headers.getSetCookie()[1]?.split(';')[0] ?? '',
  'sec-fetch-site': 'same-origin',
})

describe('guessing passwords', () => {
  /** Behind one proxy of ours, which says where each request came from. */
  const behindProxy = { config: { trustedProxyHops: 1 } }
  const from = (address: string) => ({ 'x-forwarded-for': address })

  it('slows an address down after ten failures, and lets the right password in all the same', async () => {
    for (const email of ['ada@b.test', 'nobody@b.test']) {
      const { signIn, clock, close } = await open()
      for (let n = 0; n < 10; n += 1)
        expect((await signIn(email, `wrong password ${n}`)).status).toBe(401)
      const slowed = inTime(clock, Promise.all([signIn(email, 'wrong password'), signIn(email)]))
      const statuses = (await slowed).map(({ status }) => status)
      expect(statuses).toEqual([401, email === 'ada@b.test' ? 200 : 401])
      await close()
    }
    here = undefined
  })

  it('eighty at once from one address cost that address, and no other one its sign-in', async () => {
    const { signIn, clock } = await open(behindProxy)
    const flood = Array.from({ length: 80 }, (_, n) =>
      signIn('ada@b.test', `wrong password ${n}`, from('203.0.113.9')),
    )
    const others = ['198.51.100.1', '2001:db8:1::1', '192.0.2.7'].map((address) =>
      signIn('ada@b.test', PASSWORD, from(address)),
    )
    const [wrongs, rights] = await inTime(
      clock,
      Promise.all([Promise.all(flood), Promise.all(others)]),
    )
    expect(rights.map(({ status }) => status)).toEqual([200, 200, 200])
    const refused = wrongs.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(80 - wrongs.filter(({ status }) => status === 401).length)
    // Fourteen, and one more for each 20 s that went by.
    expect(refused.length).toBeGreaterThan(50)
    expect(errorOf(whole(refused[0]))).toMatchObject({ code: 'too_many_attempts' })
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('counts an IPv6 network as one address', async () => {
    const { signIn, clock } = await open(behindProxy)
    const flood = Array.from({ length: 20 }, (_, n) =>
      signIn('ada@b.test', `wrong password ${n}`, from(`2001:db8:1:2::${n}`)),
    )
    const answers = await inTime(clock, Promise.all(flood))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  })

  it('from eighty addresses at once shuts nobody out: known devices first, new ones soon after', async () => {
    const { signIn, clock } = await open(behindProxy)
    const before = await signIn('ada@b.test', PASSWORD, from('192.0.2.1'))
    const device = deviceOf(before)
    const flood = Array.from({ length: 80 }, (_, n) =>
      signIn('ada@b.test', `wrong password ${n}`, from(`203.0.113.${n}`)),
    )
    const isKnown = signIn('ada@b.test', PASSWORD, { ...from('203.0.113.5'), ...device })
    const isNew = signIn('ada@b.test', PASSWORD, from('198.51.100.1'))
    const statuses = (await inTime(clock, Promise.all([isKnown, isNew, ...flood]))).map(
      ({ status }) => status,
    )
    expect(statuses.slice(0, 2)).toEqual([200, 200])
    expect(new Set(statuses.slice(2))).toEqual(new Set([401]))
  })

  it('of e-mails that differ is counted by the address they come from', async () => {
    const { signIn, clock } = await open()
    const flood = Array.from({ length: 30 }, (_, n) => signIn(`person${n}@b.test`, 'a password'))
    const answers = await inTime(clock, Promise.all(flood))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  })
})

describe('what cannot be a sign-in', () => {
  const send = ({ ask }: StartedGateway, body: string, headers: Record<string, string> = {}) =>
    ask('POST', '/api/auth/login', {
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })

  it('is refused by its length before it is read', async () => {
    const gateway = await open()
    const large = JSON.stringify({ email: 'ada@b.test', password: 'x', more: 'y'.repeat(8_192) })
    for (const path of ['login', 'register', 'refresh'])
      expect(
        (await gateway.ask('POST', `/api/auth/${path}`, { body: JSON.parse(large) })).status,
      ).toBe(413)
  })

  it('counts against its address, and against nobody who signed in before', async () => {
    const gateway = await open()
    const device = deviceOf(await gateway.signIn())
    for (const body of ['{', '[]', `{"a":"${'x'.repeat(10_000)}"}`])
      for (let n = 0; n < 20; n += 1) expect((await send(gateway, body)).status).not.toBe(429)
    const stopped = await send(gateway, '{')
    expect(stopped.status).toBe(429)
    expect(errorOf(stopped)).toMatchObject({ code: 'too_many_attempts' })
    const known = await gateway.signIn('ada@b.test', PASSWORD, device)
    expect(known.status).toBe(200)
    await gateway.clock.advance(1_000)
    expect((await gateway.signIn()).status).toBe(200)
  })
})

describe('registration', () => {
  const body = { email: 'New@b.test', password: 'a new password' }

  it('is closed unless the operator opens it', async () => {
    const { ask } = await open()
    expect((await ask('GET', '/api/site')).body).toMatchObject({ registration_open: false })
    const refused = await ask('POST', '/api/auth/register', { body })
    expect(refused.status).toBe(403)
    expect(errorOf(refused)).toMatchObject({ code: 'registration_closed' })
  })

  it('makes a user, never an admin, and signs them in', async () => {
    const { ask, me, signIn } = await open({ config: { registration: 'open' } })
    expect((await ask('GET', '/api/site')).body).toMatchObject({ registration_open: true })
    const made = await ask('POST', '/api/auth/register', { body })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ user: { email: 'new@b.test', role: 'user' } })
    expect((await me(cookieOf(made))).status).toBe(200)
    expect((await signIn(body.email, body.password)).status).toBe(200)
  })

  it('takes an e-mail once, however it is written and however many ask at once', async () => {
    const { ask } = await open({ config: { registration: 'open' } })
    const asked = ['NEW@b.test', 'new@B.test', ' new@b.test', 'new@b.test'].map((email) =>
      ask('POST', '/api/auth/register', { body: { ...body, email } }),
    )
    const answers = await Promise.all(asked)
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422])
    const refused = whole(answers.find(({ status }) => status === 422))
    expect(errorOf(refused)).toMatchObject({ code: 'email_taken', param: 'email' })
    expect(refused.headers.getSetCookie()).toEqual([])
  })

  it.each(['short', 'x'.repeat(201), 'é'.normalize('NFD').repeat(9)])(
    'takes no password of another length: %j',
    async (password) => {
      const { ask } = await open({ config: { registration: 'open' } })
      const refused = await ask('POST', '/api/auth/register', { body: { ...body, password } })
      expect(refused.status).toBe(400)
      expect(errorOf(refused)).toMatchObject({ code: 'invalid_value', param: 'password' })
    },
  )

  it.each([' '.repeat(10), 'a'.repeat(12), 'password123', '1234567890', 'new@b.test'])(
    'takes no password that is easy to guess, and says why: %j',
    async (password) => {
      const { ask } = await open({ config: { registration: 'open' } })
      const refused = await ask('POST', '/api/auth/register', { body: { ...body, password } })
      expect(refused.status).toBe(400)
      expect(errorOf(refused)).toMatchObject({ code: 'weak_password', param: 'password' })
      expect((await ask('POST', '/api/auth/register', { body })).status).toBe(201)
    },
  )

  it('is slowed down for an address that makes accounts one after the other', async () => {
    const { ask } = await open({ config: { registration: 'open' } })
    for (let n = 0; n < 10; n += 1) {
      const more = { ...body, email: `n${n}@b.test` }
      expect((await ask('POST', '/api/auth/register', { body: more })).status).toBe(201)
    }
    expect((await ask('POST', '/api/auth/register', { body })).status).toBe(429)
  })
})
