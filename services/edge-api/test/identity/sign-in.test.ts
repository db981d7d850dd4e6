import { afterEach, describe, expect, it } from 'vitest'

import { sampleUser } from '../../src/testing/sample-user.ts'
import type { Answer, StartedGateway } from './gateway.ts'
import { PASSWORD, bearer, cookieOf, errorOf, inTime, startGateway, defined } from './gateway.ts'

let current: StartedGateway | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (current = await startGateway(...options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

describe('signing in', () => {
  it('returns tokens for scripts and a cookie for browsers, both of one session', async () => {
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

  it('normalizes the e-mail address', async () => {
    const { signIn } = await open()
    expect((await signIn('  ADA@B.test ')).status).toBe(200)
  })

  it('sets a cookie without Secure over HTTP, and logs one warning', async () => {
    const { signIn, me, log } = await open({ config: { publicBaseUrl: 'http://192.168.1.7' } })
    const answer = await signIn()
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^sluice_session=[\w.-]+; .*HttpOnly; SameSite=Lax$/)
    expect((await me(cookieOf(answer))).status).toBe(200)
    expect(log.lines.filter(({ message }) => message.includes('not encrypted'))).toHaveLength(1)
  })

  it('gives the same error for a wrong password, an unknown e-mail and a user without a password', async () => {
    const { signIn, deps } = await open()
    await deps.identityStore.insertUser(sampleUser({ email: 'none@b.test', passwordHash: null }))
    const answers = [
      await signIn('ada@b.test', 'wrong password'),
      await signIn('unknown@b.test', 'wrong password'),
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
    expect(errorOf(defined(first))).toMatchObject({ code: 'wrong_credentials' })
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
    const { send } = await open()
    const answer = await send('POST', '/api/auth/login', {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ code, param })
  })

  it('refuses a body that is too large or not JSON before it is parsed', async () => {
    const { send } = await open()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const asForm = await send('POST', '/api/auth/login', { body: 'email=a', headers: form })
    expect(asForm.status).toBe(415)
    const large = await send('POST', '/api/auth/login', {
      body: { email: 'ada@b.test', password: 'x'.repeat(2_000_000) },
    })
    expect(large.status).toBe(413)
  })
})

/** The headers of a browser that signed in before and has signed out. */
const deviceOf = ({ headers }: Answer) => ({
  cookie: headers.getSetCookie()[1]?.split(';')[0] ?? '',
  'sec-fetch-site': 'same-origin',
})

describe('guessing passwords', () => {
  /** One trusted proxy, which forwards the caller's address. */
  const behindProxy = { config: { trustedProxyHops: 1 } }
  const from = (address: string) => ({ 'x-forwarded-for': address })

  it('slows an address down after ten failures, and still accepts the right password', async () => {
    for (const email of ['ada@b.test', 'unknown@b.test']) {
      const { signIn, clock, close } = await open()
      for (let n = 0; n < 10; n += 1)
        expect((await signIn(email, `wrong password ${n}`)).status).toBe(401)
      const slowed = inTime(clock, Promise.all([signIn(email, 'wrong password'), signIn(email)]))
      const statuses = (await slowed).map(({ status }) => status)
      expect(statuses).toEqual([401, email === 'ada@b.test' ? 200 : 401])
      await close()
    }
    current = undefined
  })

  it('with eighty parallel attempts from one address blocks that address only', async () => {
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
    // The limit is fourteen, and one more for each 20 s that passed.
    expect(refused.length).toBeGreaterThan(50)
    expect(errorOf(defined(refused[0]))).toMatchObject({ code: 'too_many_attempts' })
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

  it('from eighty addresses in parallel blocks neither known nor new devices', async () => {
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

  it('with changing e-mails is counted by the caller’s address', async () => {
    const { signIn, clock } = await open()
    const flood = Array.from({ length: 30 }, (_, n) => signIn(`user${n}@b.test`, 'a password'))
    const answers = await inTime(clock, Promise.all(flood))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  })
})

describe('a malformed sign-in', () => {
  const login = ({ send }: StartedGateway, body: string, headers: Record<string, string> = {}) =>
    send('POST', '/api/auth/login', {
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })

  it('is refused by its content-length before it is read', async () => {
    const gateway = await open()
    const large = JSON.stringify({ email: 'ada@b.test', password: 'x', more: 'y'.repeat(8_192) })
    for (const path of ['login', 'register', 'refresh'])
      expect(
        (await gateway.send('POST', `/api/auth/${path}`, { body: JSON.parse(large) })).status,
      ).toBe(413)
  })

  it('counts against its address, but not against a known device', async () => {
    const gateway = await open()
    const device = deviceOf(await gateway.signIn())
    for (const body of ['{', '[]', `{"a":"${'x'.repeat(10_000)}"}`])
      for (let n = 0; n < 20; n += 1) expect((await login(gateway, body)).status).not.toBe(429)
    const stopped = await login(gateway, '{')
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

  it('is closed by default', async () => {
    const { send } = await open()
    expect((await send('GET', '/api/site')).body).toMatchObject({ registration_open: false })
    const refused = await send('POST', '/api/auth/register', { body })
    expect(refused.status).toBe(403)
    expect(errorOf(refused)).toMatchObject({ code: 'registration_closed' })
  })

  it('creates a user, never an admin, and signs them in', async () => {
    const { send, me, signIn } = await open({ config: { registration: 'open' } })
    expect((await send('GET', '/api/site')).body).toMatchObject({ registration_open: true })
    const created = await send('POST', '/api/auth/register', { body })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({ user: { email: 'new@b.test', role: 'user' } })
    expect((await me(cookieOf(created))).status).toBe(200)
    expect((await signIn(body.email, body.password)).status).toBe(200)
  })

  it('accepts an e-mail once, in any spelling and with parallel requests', async () => {
    const { send } = await open({ config: { registration: 'open' } })
    const requests = ['NEW@b.test', 'new@B.test', ' new@b.test', 'new@b.test'].map((email) =>
      send('POST', '/api/auth/register', { body: { ...body, email } }),
    )
    const answers = await Promise.all(requests)
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422])
    const refused = defined(answers.find(({ status }) => status === 422))
    expect(errorOf(refused)).toMatchObject({ code: 'email_taken', param: 'email' })
    expect(refused.headers.getSetCookie()).toEqual([])
  })

  it.each(['short', 'x'.repeat(201), 'é'.normalize('NFD').repeat(9)])(
    'refuses a password outside the length limits: %j',
    async (password) => {
      const { send } = await open({ config: { registration: 'open' } })
      const refused = await send('POST', '/api/auth/register', { body: { ...body, password } })
      expect(refused.status).toBe(400)
      expect(errorOf(refused)).toMatchObject({ code: 'invalid_value', param: 'password' })
    },
  )

  it.each([' '.repeat(10), 'a'.repeat(12), 'password123', '1234567890', 'new@b.test'])(
    'refuses a weak password with its own code: %j',
    async (password) => {
      const { send } = await open({ config: { registration: 'open' } })
      const refused = await send('POST', '/api/auth/register', { body: { ...body, password } })
      expect(refused.status).toBe(400)
      expect(errorOf(refused)).toMatchObject({ code: 'weak_password', param: 'password' })
      expect((await send('POST', '/api/auth/register', { body })).status).toBe(201)
    },
  )

  it('is limited per address', async () => {
    const { send } = await open({ config: { registration: 'open' } })
    for (let n = 0; n < 10; n += 1) {
      const more = { ...body, email: `n${n}@b.test` }
      expect((await send('POST', '/api/auth/register', { body: more })).status).toBe(201)
    }
    expect((await send('POST', '/api/auth/register', { body })).status).toBe(429)
  })
})
