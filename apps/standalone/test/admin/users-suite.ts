import { withCredits } from '@sluice/contracts/control/amounts'
import { afterEach, describe, expect, it } from 'vitest'

import type { Installation, InstallationStores } from './installation.ts'
import { openInstallation } from './installation.ts'
import { PASSWORD, itemsOf, messageOf, refusalOf } from './visitors.ts'

const USERS = '/api/admin/users'
const nothing = { posted_micro: '0', held_micro: '0', available_micro: '0' }

/** People, as an operator manages them, over whichever stores. */
export function usersSuite(make: () => Promise<InstallationStores>): void {
  let here: Installation | undefined
  const open = async () => (here = await openInstallation(await make()))
  afterEach(async () => {
    await here?.close()
    here = undefined
  })
  const emails = (users: Record<string, unknown>[]) => users.map(({ email }) => email)

  describe('the list of people', () => {
    it('is newest first with everybody’s balance, which is asked for once a page', async () => {
      const { admin, user, ada, root, billing, requestInput } = await open()
      const gift = { transferId: 'gift-for-ada', amountMicro: 5_000_000n, memo: 'welcome' }
      await billing.grantCredits({ ...gift, wallet: ada.wallet })
      expect((await user('GET', '/api/me')).status).toBe(200)
      requestInput.length = 0
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
      expect(requestInput).toEqual(['readBalances'])
    })

    it('goes page by page, each person once', async () => {
      const { admin, clock, settle } = await open()
      for (const name of ['bob', 'cleo', 'dan']) {
        await clock.advance(1_000)
        await settle(`${name}@b.test`, 'user')
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

    it('is filtered by what was typed, by role and by state; what a form leaves empty says nothing', async () => {
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

    it('is refused with the name of the parameter that is wrong', async () => {
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

  describe('a person whom an operator makes', () => {
    it('signs in with the password that was made, which is told once', async () => {
      const { admin, signIn, acts, root, log } = await open()
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
      expect(acts()).toEqual([{ act: 'user.create', by: root.id, target: id, role: 'user' }])
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

    it('cannot have the e-mail of another, also when two ask at once', async () => {
      const { admin } = await open()
      const taken = { status: 422, code: 'email_taken', param: 'email' }
      const again = await admin('POST', USERS, { body: { email: 'ADA@b.test' } })
      expect(refusalOf(again)).toEqual(taken)
      expect(again.headers.get('x-should-retry')).toBeNull()
      const body = { email: 'new@b.test', password: PASSWORD }
      const both = await Promise.all([1, 2].map(() => admin('POST', USERS, { body })))
      expect(both.map(({ status }) => status).toSorted()).toEqual([201, 422])
    })

    it('is refused with the name of the field that is wrong', async () => {
      const { admin } = await open()
      const wrong: [body: object, code: string, param: string][] = [
        [{}, 'missing_required_parameter', 'email'],
        [{ email: 'nobody' }, 'invalid_value', 'email'],
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

  describe('a change of what a person may be', () => {
    it('holds from their next request on', async () => {
      const { admin, user, ada, root, acts } = await open()
      const path = `${USERS}/${ada.id}`
      expect((await user('GET', USERS)).status).toBe(403)
      const promoted = await admin('PATCH', path, { body: { role: 'admin' } })
      expect(promoted.body).toMatchObject({ id: ada.id, role: 'admin', balance: nothing })
      expect((await user('GET', USERS)).status).toBe(200)
      expect((await admin('PATCH', path, { body: { role: 'user' } })).status).toBe(200)
      expect((await user('GET', USERS)).status).toBe(403)
      await admin('PATCH', path, { body: { role: 'user' } })
      const act = { act: 'user.set-role', by: root.id, target: ada.id }
      expect(acts()).toEqual([
        { ...act, role: 'admin' },
        { ...act, role: 'user' },
      ])
    })

    it('ends a banned person’s sessions, says why, and can be lifted', async () => {
      const { admin, user, ada, root, signIn, acts } = await open()
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
      expect(acts()).toEqual([
        { act: 'user.ban', ...act, reason: 'spam' },
        { act: 'user.unban', ...act },
      ])
    })

    it('takes a reason with a ban, and only with one', async () => {
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

    it('cannot lock the person out who makes it', async () => {
      const { admin, root, acts } = await open()
      const change = (body: object) => admin('PATCH', `${USERS}/${root.id}`, { body })
      const banned = await change({ banned: true, ban_reason: 'by mistake' })
      const refused = { status: 403, code: 'permission_denied' }
      expect(refusalOf(banned)).toEqual({ ...refused, param: 'banned' })
      expect(messageOf(banned)).toContain('Ask another admin')
      expect(refusalOf(await change({ role: 'user' }))).toEqual({ ...refused, param: 'role' })
      expect((await change({ role: 'admin' })).status).toBe(200)
      expect((await admin('GET', USERS)).status).toBe(200)
      expect(acts()).toEqual([])
    })

    it('leaves one admin when two take each other’s role at the same moment', async () => {
      const { admin, root, settle } = await open()
      const other = await settle('other@b.test', 'admin')
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

    it('of nobody is not found', async () => {
      const { admin } = await open()
      const missing = { status: 404, code: 'not_found', param: null }
      for (const id of [`usr_${'0'.repeat(32)}`, 'nobody', '..%2f..%2fme']) {
        const path = `${USERS}/${id}`
        expect(refusalOf(await admin('GET', path))).toEqual(missing)
        expect(refusalOf(await admin('PATCH', path, { body: { role: 'admin' } }))).toEqual(missing)
      }
    })
  })

  it('nothing of it is for people who are no admins, or for nobody', async () => {
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
      const nobody = await fetch(`${url}${path}`, { method })
      expect(nobody.status).toBe(401)
    }
  })
}
