import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { sampleUser } from '../testing/sample-user.ts'
import type { SessionState } from '../identity/session-state.ts'
import type { UserStatus } from '../identity/user-status.ts'
import type { IdentityStore } from './identity-store.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const later = (ms: number) => new Date(at.getTime() + ms)

export const ada = sampleUser({
  id: 'usr_ada',
  email: 'Ada@Example.com',
  role: 'admin',
  wallet: 'wal_ada',
  passwordHash: 'hash of ada',
  createdAt: at,
})
const bob = { ...ada, id: 'usr_bob', email: 'bob@example.com', wallet: 'wal_bob' }

const session = { id: 'ses_1', userId: ada.id, at, expiresAt: later(60_000) }
const checked = { passwordHash: 'hash of ada' }
const ban = { at: later(5), reason: 'spam', by: 'usr_bob' }
const keep = (user: UserStatus): UserStatus => ({ role: user.role, ban: user.ban })
const banned = (user: UserStatus): UserStatus => ({ role: user.role, ban })

/**
 * The contract of every identity store. `addKey` writes an API key of a user; `outboxKeys` lists the keys
 * with an unpublished change.
 */
export function identityStoreContract(
  make: () => Promise<{
    store: IdentityStore
    addKey: (key: { id: string; userId: string; revoked: boolean }) => Promise<void>
    outboxKeys: () => Promise<string[]>
  }>,
): void {
  const prepared = async () => {
    const made = await make()
    await made.store.insertUser(ada)
    await made.store.insertUser({ ...bob, role: 'user' })
    await made.store.openSession(session, checked)
    return made
  }
  const stateOf = async (store: IdentityStore, id = 'ses_1') => (await store.findSession(id))?.state

  describe('an identity store', () => {
    it('writes an e-mail once, in lower case, also under concurrent inserts', async () => {
      const { store } = await make()
      const racers = [1, 2, 3, 4].map((n) =>
        store.insertUser({ ...ada, id: `usr_${n}`, wallet: `wal_${n}`, passwordHash: `h${n}` }),
      )
      const written = await Promise.all(racers)
      const winner = written.find(({ created }) => created)?.user
      expect(written.filter(({ created }) => created)).toHaveLength(1)
      expect(winner?.email).toBe('ada@example.com')
      for (const { user } of written) expect(user).toEqual(winner)
      const known = await store.findSignIn('ada@example.com')
      expect(known?.user).toEqual(winner)
      expect(known?.passwordHash).toBe(`h${winner?.id.slice(-1)}`)
    })

    it('distinguishes a user without a password from an unknown user', async () => {
      const { store } = await make()
      await store.insertUser({ ...ada, passwordHash: null })
      expect((await store.findSignIn('ada@example.com'))?.passwordHash).toBeNull()
      expect(await store.findPasswordHash(ada.id)).toBeNull()
      expect(await store.findPasswordHash('usr_none')).toBeUndefined()
      expect(await store.findSignIn('unknown@example.com')).toBeUndefined()
      expect(await store.findUserById('usr_none')).toBeUndefined()
    })

    it('finds a session with its user, and stores when the user was last seen', async () => {
      const { store } = await prepared()
      const user = await store.findUserById(ada.id)
      expect(user).toEqual({
        id: ada.id,
        email: 'ada@example.com',
        role: 'admin',
        wallet: ada.wallet,
        createdAt: at,
        lastSeenAt: at,
        ban: null,
      })
      expect(await store.findSession('ses_1')).toEqual({
        id: 'ses_1',
        user,
        state: { seenAt: at, expiresAt: later(60_000), generation: 1, rotatedAt: at, end: null },
      })
      expect(await store.findSession('ses_2')).toBeUndefined()
    })

    it('opens no session after the password was changed, or for a banned user', async () => {
      const { store } = await prepared()
      const next = { ...session, id: 'ses_2' }
      expect(await store.openSession(next, { passwordHash: 'another' })).toBeUndefined()
      await store.changeUserStatus({ userId: ada.id, at }, banned)
      expect(await store.openSession(next, checked)).toBeUndefined()
      expect(await store.openSession({ ...next, userId: 'usr_none' }, checked)).toBeUndefined()
      expect(await store.findSession('ses_2')).toBeUndefined()
    })

    it('extends a session that is used, but not one that has ended', async () => {
      const { store } = await prepared()
      const touch = { id: 'ses_1', userId: ada.id, at: later(10), expiresAt: later(99_000) }
      await store.touchSession(touch)
      const seen = { seenAt: later(10), expiresAt: later(99_000) }
      expect(await stateOf(store)).toMatchObject(seen)
      expect((await store.findUserById(ada.id))?.lastSeenAt).toEqual(later(10))
      const end = { at: later(20), reason: 'signed-out' } as const
      await store.endSession({ id: 'ses_1', end })
      await store.touchSession({ ...touch, expiresAt: later(999_000) })
      expect(await stateOf(store)).toMatchObject({ ...seen, end })
    })

    it('ends a session once: the first reason is retained', async () => {
      const { store } = await prepared()
      const first = { at: later(1), reason: 'signed-out' } as const
      await store.endSession({ id: 'ses_1', end: first })
      await store.endSession({ id: 'ses_1', end: { at: later(2), reason: 'banned' } })
      expect((await stateOf(store))?.end).toEqual(first)
      await store.endSession({ id: 'ses_none', end: first })
    })

    it('serializes changes of a session', async () => {
      const { store } = await prepared()
      const next = ({ state }: { state: SessionState }) => ({
        ...state,
        generation: state.generation + 1,
      })
      const changed = await Promise.all([1, 2, 3, 4].map(() => store.changeSession('ses_1', next)))
      const generations = changed.map((one) => one?.state.generation)
      expect(generations.sort()).toEqual([2, 3, 4, 5])
      expect(await store.changeSession('ses_1', () => undefined)).toMatchObject({ id: 'ses_1' })
      expect((await stateOf(store))?.generation).toBe(5)
      expect(await store.changeSession('ses_none', next)).toBeUndefined()
    })

    it('does not change a session when the decision throws', async () => {
      const { store } = await prepared()
      const refuse = () => {
        throw new AppError('invalid_session', 'no')
      }
      await expect(store.changeSession('ses_1', refuse)).rejects.toMatchObject({
        code: 'invalid_session',
      })
      expect((await stateOf(store))?.generation).toBe(1)
    })

    it('changes a password if the checked one is current, and ends all sessions but one', async () => {
      const { store } = await prepared()
      await store.openSession({ ...session, id: 'ses_2' }, checked)
      const change = {
        userId: ada.id,
        checkedHash: 'hash of ada',
        passwordHash: 'new',
        exceptSessionId: 'ses_2',
        at: later(7),
      }
      const both = [change, { ...change, passwordHash: 'other' }]
      const done = await Promise.all(both.map((one) => store.changePassword(one)))
      expect(done.filter(Boolean)).toHaveLength(1)
      expect(await store.findPasswordHash(ada.id)).toBe(done[0] ? 'new' : 'other')
      expect((await stateOf(store))?.end).toEqual({ at: later(7), reason: 'password-changed' })
      expect((await stateOf(store, 'ses_2'))?.end).toBeNull()
    })

    it('replaces a forgotten password, and ends all sessions', async () => {
      const { store } = await prepared()
      await store.openSession({ ...session, id: 'ses_2', userId: bob.id }, checked)
      const change = { passwordHash: 'new', at: later(7) }
      expect(await store.replacePassword({ ...change, userId: ada.id })).toBe(true)
      expect(await store.findPasswordHash(ada.id)).toBe('new')
      expect((await stateOf(store))?.end).toEqual({ at: later(7), reason: 'password-changed' })
      expect(await store.openSession({ ...session, id: 'ses_3' }, checked)).toBeUndefined()
      expect((await stateOf(store, 'ses_2'))?.end).toBeNull()
      expect(await store.replacePassword({ ...change, userId: 'usr_none' })).toBe(false)
    })

    it('sets no first password if another hash was checked', async () => {
      const { store } = await make()
      await store.insertUser({ ...ada, passwordHash: null })
      const change = { userId: ada.id, checkedHash: 'guess', passwordHash: 'new' }
      const refused = await store.changePassword({ ...change, exceptSessionId: 'ses_1', at })
      expect(refused).toBe(false)
      expect(await store.findPasswordHash(ada.id)).toBeNull()
    })

    it('a ban ends every session, and enqueues a change of each key that is not revoked', async () => {
      const { store, addKey, outboxKeys } = await prepared()
      await store.openSession({ ...session, id: 'ses_2' }, checked)
      await addKey({ id: 'key_1', userId: ada.id, revoked: false })
      await addKey({ id: 'key_2', userId: ada.id, revoked: true })
      await addKey({ id: 'key_3', userId: bob.id, revoked: false })
      const changed = await store.changeUserStatus({ userId: ada.id, at: ban.at }, banned)
      expect(changed).toMatchObject({ user: { id: ada.id, ban }, apiKeyIds: ['key_1'] })
      expect(await outboxKeys()).toEqual(['key_1'])
      for (const id of ['ses_1', 'ses_2']) {
        const found = await store.findSession(id)
        expect(found?.state.end).toEqual({ at: ban.at, reason: 'banned' })
        expect(found?.user.ban).toEqual(ban)
      }
    })

    it('counts users, and banned users', async () => {
      const { store } = await prepared()
      expect(await store.countUsers()).toEqual({ total: 2, banned: 0 })
      await store.changeUserStatus({ userId: bob.id, at: ban.at }, banned)
      expect(await store.countUsers()).toEqual({ total: 2, banned: 1 })
    })

    it('enqueues key changes again when a ban is lifted, and leaves sessions ended', async () => {
      const { store, addKey } = await prepared()
      await addKey({ id: 'key_1', userId: ada.id, revoked: false })
      await store.changeUserStatus({ userId: ada.id, at }, banned)
      const lifted = await store.changeUserStatus({ userId: ada.id, at }, ({ role }) => ({
        role,
        ban: null,
      }))
      expect(lifted).toMatchObject({ user: { ban: null }, apiKeyIds: ['key_1'] })
      expect((await stateOf(store))?.end).not.toBeNull()
    })

    it('enqueues nothing when the ban does not change', async () => {
      const { store, addKey, outboxKeys } = await prepared()
      await addKey({ id: 'key_1', userId: ada.id, revoked: false })
      const changed = await store.changeUserStatus({ userId: ada.id, at }, keep)
      expect(changed?.apiKeyIds).toEqual([])
      expect(await outboxKeys()).toEqual([])
      expect((await stateOf(store))?.end).toBeNull()
      expect(await store.changeUserStatus({ userId: 'usr_none', at }, keep)).toBeUndefined()
    })

    it('lets only one of two admins ban the other', async () => {
      const { store } = await make()
      await store.insertUser(ada)
      await store.insertUser(bob)
      const banUnlessLast = (user: UserStatus, others: { activeAdmins: number }) => {
        if (others.activeAdmins === 0) throw new AppError('last_admin', 'the last')
        return banned(user)
      }
      const tried = await Promise.allSettled(
        [ada.id, bob.id].map((userId) => store.changeUserStatus({ userId, at }, banUnlessLast)),
      )
      expect(tried.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const left = await Promise.all([ada.id, bob.id].map((id) => store.findUserById(id)))
      expect(left.filter((user) => user?.ban === null)).toHaveLength(1)
    })

    it('opens no session concurrently with a ban or a new password, in any order', async () => {
      const { store } = await prepared()
      const opening = Array.from({ length: 6 }, (_, n) =>
        store.openSession({ ...session, id: `ses_r${n}` }, checked),
      )
      const change = { userId: ada.id, checkedHash: 'hash of ada', passwordHash: 'new' }
      await Promise.all([
        ...opening,
        store.changePassword({ ...change, exceptSessionId: 'ses_none', at: later(1) }),
        ...Array.from({ length: 6 }, (_, n) =>
          store.openSession({ ...session, id: `ses_s${n}` }, checked),
        ),
      ])
      const all = ['r', 's'].flatMap((row) => [0, 1, 2, 3, 4, 5].map((n) => `ses_${row}${n}`))
      const states = await Promise.all(all.map((id) => stateOf(store, id)))
      expect(states.filter((state) => state?.end === null)).toEqual([])
    })

    it('prunes sessions that ended long ago, at most the limit and no others', async () => {
      const { store } = await prepared()
      await store.openSession({ ...session, id: 'ses_2' }, checked)
      await store.openSession({ ...session, id: 'ses_3', expiresAt: later(120_000) }, checked)
      expect(await store.prune({ before: later(60_001), limit: 1 })).toBe(1)
      expect(await store.prune({ before: later(60_001), limit: 10 })).toBe(1)
      expect(await store.prune({ before: later(60_001), limit: 10 })).toBe(0)
      expect(await stateOf(store, 'ses_3')).toBeDefined()
    })
  })
}
