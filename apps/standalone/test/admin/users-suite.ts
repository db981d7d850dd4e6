import { withCredits } from '@sluice/contracts/control/amounts'
import { afterEach, describe, expect, it } from 'vitest'

import type { Installation, InstallationStores } from './installation.ts'
import { openInstallation } from './installation.ts'
import { PASSWORD, itemsOf, messageOf, refusalOf } from './signed-in-users.ts'

const USERS = '/api/admin/users'
const nothing = { posted_micro: '0', held_micro: '0', available_micro: '0' }

/** The operator's API of users, over the given stores. */
export function usersSuite(make: () => Promise<InstallationStores>): void {
  let opened: Installation | undefined
  const open = async () => (opened = await openInstallation(await make()))
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })
  const emails = (users: Record<string, unknown>[]) => users.map(({ email }) => email)

  describe('the list of users', () => {
    it('is newest first with all balances, which are read once per page', async () => {
      const { admin, user, ada, root, billing, billingCalls } = await open()
      const gift = { transferId: 'gift-for-ada', amountMicro: 5_000_000n, memo: 'welcome' }
      await billing.grantCredits({ ...gift, wallet: ada.wallet })
      expect((await user('GET', '/api/me')).status).toBe(200)
      billingCalls.length = 0
      const answer = await admin('GET', USERS)
      expect(answer.status).toBe(200)
      expect(answer.body['next_cursor']).toBeNull()
      const shown = { banned_at: null, ban_reason: null, last_seen_at: '2026-11-21T09:00:00.000Z' }
      const at = { created_at: '2026-11-21T09:00:00.000Z' }
      const rich = { posted_micro: '5000000', held_micro: '0', available_micro: '5000000' }
      const users = itemsOf(answer).toSorted((a, b) =>
        String(a['email']) < String(b['email']) ? -1 : 1,
      )
      expect(users).toEqual(
        withCredits([
          { id: ada.id, email: 'ada@b.test', role: 'user', ...at, ...shown, balance: rich },
          { id: root.id, email: 'root@b.test', role: 'admin', ...at, ...shown, balance: nothing },
        ]),
      )
      expect(billingCalls).toEqual(['readBalances'])
    })

    it('is paginated, with each user once', async () => {
      const { admin, clock, createSignedIn } = await open()
      for (const name of ['bob', 'cleo', 'dan']) {
        await clock.advance(1_000)
        await createSignedIn(`${name}@b.test`, 'user')
      }
      const first = await admin('GET', `${USERS}?limit=2`)
      expect(emails(itemsOf(first))).toEqual(['dan@b.test', 'cleo@b.test'])
      const cursor = String(first.body['next_cursor'])
      const second = await admin('GET', `${USERS}?limit=2&cursor=${cursor}`)
      const last = await admin(
        'GET',
        `${USERS}?limit=2&cursor=${String(second.body['next_cursor'])}`,
      )
      expect(last.body['next_cursor']).toBeNull()
      const all = [first, second, last].flatMap((page) => emails(itemsOf(page)))
      expect(all.toSorted()).toEqual(
        ['ada', 'bob', 'cleo', 'dan', 'root'].map((name) => `${name}@b.test`),
      )
    })

    it('is filtered by search text, role and state; empty parameters are ignored', async () => {
      const { admin, ada, identity } = await open()
      await identity.ban({ userId: ada.id, reason: 'spam', by: null })
      const list = async (query: string) => emails(itemsOf(await admin('GET', `${USERS}?${query}`)))
      expect(await list('q=ROOT')).toEqual(['root@b.test'])
      expect(await list(`q=${ada.id}`)).toEqual(['ada@b.test'])
      expect(await list('q=%25')).toEqual([])
      expect(await list('role=admin&state=active&q=')).toEqual(['root@b.test'])
      expect(await list('state=banned')).toEqual(['ada@b.test'])
      expect(await list('state=banned&role=admin')).toEqual([])
    })

    it('is refused with the name of the invalid parameter', async () => {
      const { admin } = await open()
      const wrong: [query: string, param: string][] = [
        ['cursor=nowhere', 'cursor'],
        ['limit=0', 'limit'],
        ['limit=101', 'limit'],
        ['role=owner', 'role'],
        ['state=gone', 'state'],
        ['sort=email', 'sort'],
      ]
      for (const [query, param] of wrong) {
        const refused = { status: 400, code: 'invalid_value', param }
        expect(refusalOf(await admin('GET', `${USERS}?${query}`)), query).toEqual(refused)
      }
    })
  })

  describe('a user that an operator creates', () => {
    it('signs in with the generated password, which is returned once', async () => {
      const { admin, signIn, audit, root, log } = await open()
      const made = await admin('POST', USERS, { body: { email: '  New@B.test ' } })
      expect(made.status).toBe(201)
      const { id, password } = made.body
      expect(made.body).toMatchObject({ email: 'new@b.test', role: 'user', balance: nothing })
      expect(password).toMatch(/^[\w-]{20}$/)
      expect((await (await signIn('new@b.test', String(password)))('GET', '/api/me')).status).toBe(
        200,
      )
      const shown = await admin('GET', `${USERS}/${String(id)}`)
      expect(shown.body).not.toHaveProperty('password')
      expect(audit()).toEqual([{ act: 'user.create', by: root.id, target: id, role: 'user' }])
      expect(JSON.stringify(log.lines)).not.toContain(String(password))
    })

    it('has the password that the operator chose, and the answer does not repeat it', async () => {
      const { admin, signIn } = await open()
      const body = { email: 'new@b.test', role: 'admin', password: 'chosen by hand' }
      const made = await admin('POST', USERS, { body })
      expect(made.body).toMatchObject({ role: 'admin', password: null })
      const send = await signIn('new@b.test', 'chosen by hand')
      expect((await send('GET', USERS)).status).toBe(200)
    })

    it('cannot have the e-mail of another, also when requests are concurrent', async () => {
      const { admin } = await open()
      const taken = { status: 422, code: 'email_taken', param: 'email' }
      const again = await admin('POST', USERS, { body: { email: 'ADA@b.test' } })
      expect(refusalOf(again)).toEqual(taken)
      expect(again.headers.get('x-should-retry')).toBeNull()
      const body = { email: 'new@b.test', password: PASSWORD }
      const both = await Promise.all([1, 2].map(() => admin('POST', USERS, { body })))
      expect(both.map(({ status }) => status).toSorted()).toEqual([201, 422])
    })

    it('is refused with the name of the invalid field', async () => {
      const { admin } = await open()
      const wrong: [body: object, code: string, param: string][] = [
        [{}, 'missing_required_parameter', 'email'],
        [{ email: 'no-address' }, 'invalid_value', 'email'],
        [{ email: 'a@b.test', password: 'short' }, 'invalid_value', 'password'],
        [{ email: 'a@b.test', role: 'owner' }, 'invalid_value', 'role'],
        [{ email: 'a@b.test', credits: '5' }, 'invalid_value', 'credits'],
      ]
      for (const [body, code, param] of wrong) {
        const refused = { status: 400, code, param }
        expect(refusalOf(await admin('POST', USERS, { body }))).toEqual(refused)
      }
    })
  })

  describe('a change of a user', () => {
    it('takes effect with the user’s next request', async () => {
      const { admin, user, ada, root, audit } = await open()
      const path = `${USERS}/${ada.id}`
      expect((await user('GET', USERS)).status).toBe(403)
      const promoted = await admin('PATCH', path, { body: { role: 'admin' } })
      expect(promoted.body).toMatchObject({ id: ada.id, role: 'admin', balance: nothing })
      expect((await user('GET', USERS)).status).toBe(200)
      expect((await admin('PATCH', path, { body: { role: 'user' } })).status).toBe(200)
      expect((await user('GET', USERS)).status).toBe(403)
      await admin('PATCH', path, { body: { role: 'user' } })
      const act = { act: 'user.set-role', by: root.id, target: ada.id }
      expect(audit()).toEqual([
        { ...act, role: 'admin' },
        { ...act, role: 'user' },
      ])
    })

    it('ends the sessions of a banned user, shows the reason, and can be reversed', async () => {
      const { admin, user, ada, root, signIn, audit } = await open()
      const path = `${USERS}/${ada.id}`
      const ban = { banned: true, ban_reason: 'spam' }
      const banned = await admin('PATCH', path, { body: ban })
      const facts = { banned_at: '2026-11-21T09:00:00.000Z', ban_reason: 'spam' }
      expect(banned.body).toMatchObject(facts)
      expect([401, 403]).toContain((await user('GET', '/api/me')).status)
      const again = await admin('PATCH', path, { body: { ...ban, ban_reason: 'more spam' } })
      expect(again.body).toMatchObject(facts)
      const lifted = await admin('PATCH', path, { body: { banned: false } })
      expect(lifted.body).toMatchObject({ banned_at: null, ban_reason: null })
      expect((await (await signIn('ada@b.test'))('GET', '/api/me')).status).toBe(200)
      const act = { by: root.id, target: ada.id }
      expect(audit()).toEqual([
        { act: 'user.ban', ...act, reason: 'spam' },
        { act: 'user.unban', ...act },
      ])
    })

    it('requires a reason with a ban, and refuses one without a ban', async () => {
      const { admin, ada } = await open()
      const change = async (body: object) =>
        refusalOf(await admin('PATCH', `${USERS}/${ada.id}`, { body }))
      const param = 'ban_reason'
      const missing = { status: 400, code: 'missing_required_parameter', param }
      expect(await change({ banned: true })).toEqual(missing)
      const wrong = { status: 400, code: 'invalid_value', param }
      expect(await change({ ban_reason: 'spam' })).toEqual(wrong)
      expect(await change({ banned: false, ban_reason: 'spam' })).toEqual(wrong)
      expect(await change({ banned: true, ban_reason: 'a\u0000b' })).toEqual(wrong)
    })

    it('cannot lock out the admin who makes it', async () => {
      const { admin, root, audit } = await open()
      const change = (body: object) => admin('PATCH', `${USERS}/${root.id}`, { body })
      const banned = await change({ banned: true, ban_reason: 'by mistake' })
      const refused = { status: 403, code: 'permission_denied' }
      expect(refusalOf(banned)).toEqual({ ...refused, param: 'banned' })
      expect(messageOf(banned)).toContain('Another admin can do it')
      expect(refusalOf(await change({ role: 'user' }))).toEqual({ ...refused, param: 'role' })
      expect((await change({ role: 'admin' })).status).toBe(200)
      expect((await admin('GET', USERS)).status).toBe(200)
      expect(audit()).toEqual([])
    })

    it('leaves one admin when two remove each other’s role concurrently', async () => {
      const { admin, root, createSignedIn } = await open()
      const other = await createSignedIn('other@b.test', 'admin')
      const body = { role: 'user' }
      const both = await Promise.all([
        admin('PATCH', `${USERS}/${other.user.id}`, { body }),
        other.send('PATCH', `${USERS}/${root.id}`, { body }),
      ])
      const good = both.filter(({ status }) => status === 200)
      expect(good).toHaveLength(1)
      const refused = both.find(({ status }) => status !== 200)
      expect(['last_admin', 'permission_denied']).toContain(refused && refusalOf(refused).code)
    })

    it('answers 404 for an unknown user', async () => {
      const { admin } = await open()
      const missing = { status: 404, code: 'not_found', param: null }
      for (const id of [`usr_${'0'.repeat(32)}`, 'unknown', '..%2f..%2fme']) {
        const path = `${USERS}/${id}`
        expect(refusalOf(await admin('GET', path))).toEqual(missing)
        expect(refusalOf(await admin('PATCH', path, { body: { role: 'admin' } }))).toEqual(missing)
      }
    })
  })

  it('every operation is refused to users without the admin role and without a session', async () => {
    const { user, ada, url } = await open()
    const attempts: [string, string, unknown?][] = [
      ['GET', USERS],
      ['POST', USERS, { email: 'x@b.test' }],
      ['GET', `${USERS}/${ada.id}`],
      ['PATCH', `${USERS}/${ada.id}`, { role: 'admin' }],
      ['POST', `${USERS}/${ada.id}/credits`, { amount_micro: '5', note: 'x' }],
    ]
    for (const [method, path, body] of attempts) {
      const headers = { 'idempotency-key': 'k1' }
      const refused = await user(method, path, { body, headers })
      expect(refusalOf(refused)).toMatchObject({ status: 403, code: 'permission_denied' })
      const anonymous = await fetch(`${url}${path}`, { method })
      expect(anonymous.status).toBe(401)
    }
  })
}
