import { describe, expect, it } from 'vitest'

import type { IdentityStore, NewPerson } from './identity-store.ts'
import type { PeopleQuery } from './people-query.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const id = (number: number) => `usr_${number.toString(16).padStart(32, '0')}`
const person = (number: number, email: string, role: NewPerson['role'] = 'user'): NewPerson => ({
  id: id(number),
  email,
  role,
  wallet: `wal_${number.toString(16).padStart(32, '0')}`,
  passwordHash: null,
  createdAt: at,
})

/** What every store of people does for a list of them. `make` answers an empty one. */
export function peopleListContract(make: () => Promise<IdentityStore>): void {
  const prepared = async () => {
    const store = await make()
    await store.insertPerson(person(1, 'root@example.com', 'admin'))
    await store.insertPerson(person(2, 'anne_marie@example.com'))
    await store.insertPerson(person(3, 'annexmarie@example.com'))
    await store.insertPerson(person(4, '100%.sure@other.example', 'admin'))
    await store.changeStanding({ userId: id(3), at }, ({ role }) => ({
      role,
      ban: { at, reason: 'spam', by: id(1) },
    }))
    const list = async (query: Partial<PeopleQuery> = {}) => {
      const people = await store.listPeople({ limit: 10, ...query })
      return people.map((one) => Number.parseInt(one.id.slice(4), 16))
    }
    return { store, list }
  }

  describe('a list of people', () => {
    it('is newest first, page by page, each person as they are found by id', async () => {
      const { store, list } = await prepared()
      expect(await list()).toEqual([4, 3, 2, 1])
      expect(await list({ limit: 3 })).toEqual([4, 3, 2])
      expect(await list({ limit: 3, before: id(2) })).toEqual([1])
      expect(await list({ before: id(1) })).toEqual([])
      for (const one of await store.listPeople({ limit: 10 }))
        expect(one).toEqual(await store.findPerson(one.id))
    })

    it.each<[string, Partial<PeopleQuery>, number[]]>([
      ['part of an e-mail', { q: 'anne' }, [3, 2]],
      ['part of an e-mail in another case', { q: 'ROOT@Ex' }, [1]],
      ['an underscore, which is no wildcard', { q: 'anne_m' }, [2]],
      ['a percent sign, which is no wildcard', { q: '%' }, [4]],
      ['a backslash, which escapes nothing', { q: '\\' }, []],
      ['a quote, which ends nothing', { q: "' or 1=1 --" }, []],
      ['an id', { q: id(2) }, [2]],
      ['part of an id, which says nothing', { q: 'usr_0' }, []],
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
