import { afterEach, describe, expect, it } from 'vitest'

import type { OpenDoor } from './visitor.ts'
import { PASSWORD, bearer, cookieOf, errorOf, openDoor, whole } from './visitor.ts'

let here: OpenDoor | undefined
const open = async (...options: Parameters<typeof openDoor>) => (here = await openDoor(...options))
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
    await deps.identityStore.insertPerson({
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

describe('guessing passwords', () => {
  it('is stopped for an e-mail after ten failures, known or not, with the time to wait', async () => {
    for (const email of ['ada@b.test', 'nobody@b.test']) {
      const { signIn, clock, close } = await open()
      for (let n = 0; n < 10; n += 1) {
        expect((await signIn(email, `wrong password ${n}`)).status).toBe(401)
      }
      const stopped = await signIn(email, PASSWORD)
      expect(stopped.status).toBe(429)
      expect(errorOf(stopped)).toMatchObject({ code: 'too_many_attempts' })
      expect(stopped.headers.get('retry-after')).toBe('60')
      await clock.advance(60_000)
      expect((await signIn(email, PASSWORD)).status).toBe(email === 'ada@b.test' ? 200 : 401)
      await close()
    }
    here = undefined
  })

  it('is counted when it begins: a hundred at once are a hundred', async () => {
    const { signIn } = await open()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => signIn('ada@b.test', `wrong password ${n}`)),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(30)
  })

  it('is stopped for an address that tries many e-mails', async () => {
    const { signIn } = await open()
    for (let n = 0; n < 30; n += 1) {
      expect((await signIn(`person${n}@b.test`, 'a password')).status).toBe(401)
    }
    expect((await signIn('ada@b.test', PASSWORD)).status).toBe(429)
  })

  it('does not lock people out of the place where they signed in lately', async () => {
    const { identity } = await open()
    const ada = { email: 'ada@b.test', address: '203.0.113.1' }
    await identity.signIn({ ...ada, password: PASSWORD })
    for (let n = 0; n < 10; n += 1) {
      const stranger = { ...ada, address: `198.51.100.${n}`, password: 'wrong password' }
      await expect(identity.signIn(stranger)).rejects.toMatchObject({ code: 'wrong_credentials' })
    }
    const elsewhere = { ...ada, address: '192.0.2.1', password: PASSWORD }
    await expect(identity.signIn(elsewhere)).rejects.toMatchObject({ code: 'too_many_attempts' })
    expect((await identity.signIn({ ...ada, password: PASSWORD })).person.email).toBe(ada.email)
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

  it('is slowed down for an address that makes accounts one after the other', async () => {
    const { ask } = await open({ config: { registration: 'open' } })
    for (let n = 0; n < 10; n += 1) {
      const more = { ...body, email: `n${n}@b.test` }
      expect((await ask('POST', '/api/auth/register', { body: more })).status).toBe(201)
    }
    expect((await ask('POST', '/api/auth/register', { body })).status).toBe(429)
  })
})
