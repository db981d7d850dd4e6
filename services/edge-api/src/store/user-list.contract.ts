import { describe, expect, it } from 'vitest'

import { sampleUser } from '../testing/sample-user.ts'
import type { IdentityStore, NewUser } from './identity-store.ts'
import type { UsersQuery } from './users-query.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const id = (number: number) => `usr_${number.toString(16).padStart(32, '0')}`
const wallet = (number: number) => `wal_${number.toString(16).padStart(32, '0')}`
const user = (number: number, email: string, role: NewUser['role'] = 'user') =>
  sampleUser({ id: id(number), wallet: wallet(number), email, role, createdAt: at })

/** The contract of listing users in every identity store. `make` returns an empty one. */
export function userListContract(make: () => Promise<IdentityStore>): void {
  const prepared = async () => {
    const store = await make()
    await store.insertUser(user(1, 'root@example.com', 'admin'))
    await store.insertUser(user(2, 'anne_marie@example.com'))
    await store.insertUser(user(3, 'annexmarie@example.com'))
    await store.insertUser(user(4, '100%.sure@other.example', 'admin'))
    await store.changeUserStatus({ userId: id(3), at }, ({ role }) => ({
      role,
      ban: { at, reason: 'spam', by: id(1) },
    }))
    const list = async (query: Partial<UsersQuery> = {}) => {
      const users = await store.listUserRows({ limit: 10, ...query })
      return users.map((one) => Number.parseInt(one.id.slice(4), 16))
    }
    return { store, list }
  }

  describe('a list of users', () => {
    it('is newest first, page by page, each user as found by id', async () => {
      const { store, list } = await prepared()
      expect(await list()).toEqual([4, 3, 2, 1])
      expect(await list({ limit: 3 })).toEqual([4, 3, 2])
      expect(await list({ limit: 3, before: id(2) })).toEqual([1])
      expect(await list({ before: id(1) })).toEqual([])
      for (const one of await store.listUserRows({ limit: 10 }))
        expect(one).toEqual(await store.findUserById(one.id))
    })

    it.each<[string, Partial<UsersQuery>, number[]]>([
      ['part of an e-mail', { q: 'anne' }, [3, 2]],
      ['part of an e-mail in another case', { q: 'ROOT@Ex' }, [1]],
      ['an underscore, which is no wildcard', { q: 'anne_m' }, [2]],
      ['a percent sign, which is no wildcard', { q: '%' }, [4]],
      ['a backslash, which escapes nothing', { q: '\\' }, []],
      ['a quote, which ends nothing', { q: "' or 1=1 --" }, []],
      ['an id', { q: id(2) }, [2]],
      ['part of an id, which matches nothing', { q: 'usr_0' }, []],
      ['a role', { role: 'admin' }, [4, 1]],
      ['a ban', { state: 'banned' }, [3]],
      ['no ban', { state: 'active' }, [4, 2, 1]],
      ['all of it together', { q: 'example', role: 'user', state: 'active', before: id(4) }, [2]],
    ])('is filtered by %s', async (_, query, expected) => {
      const { list } = await prepared()
      expect(await list(query)).toEqual(expected)
    })
  })
}
