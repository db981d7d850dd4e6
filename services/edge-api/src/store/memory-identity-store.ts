import type { SessionEnd, SessionState } from '../identity/session-state.ts'
import { isActiveAdmin } from '../identity/standing.ts'
import type { IdentityStore, StoredPerson } from './identity-store.ts'
import { matchesPeople } from './people-query.ts'

interface Session {
  userId: string
  state: SessionState
}

interface NewPassword {
  userId: string
  passwordHash: string
  at: Date
  keepSessionId?: string
}

/** What a person's ban does to their API keys, where those are kept: answers the keys that are told of. */
export type TellKeys = (input: { userId: string; bannedAt: Date | null }) => string[]

/** The twin for tests. */
export function memoryIdentityStore({
  tellKeys = () => [],
}: { tellKeys?: TellKeys } = {}): IdentityStore {
  const people = new Map<string, StoredPerson>()
  const hashes = new Map<string, string | null>()
  const sessions = new Map<string, Session>()
  const byEmail = (email: string) => [...people.values()].find((person) => person.email === email)
  const withPerson = (id: string) => {
    const session = sessions.get(id)
    const person = session && people.get(session.userId)
    return session && person && { id, state: session.state, person }
  }
  const end = (session: Session, how: SessionEnd) => {
    if (!session.state.end) session.state = { ...session.state, end: how }
  }
  const write = ({ userId, passwordHash, at, keepSessionId }: NewPassword) => {
    hashes.set(userId, passwordHash)
    for (const [id, session] of sessions)
      if (session.userId === userId && id !== keepSessionId)
        end(session, { at, reason: 'password-changed' })
  }
  return {
    async insertPerson({ passwordHash, ...input }) {
      const email = input.email.toLowerCase()
      const known = byEmail(email)
      if (known) return { person: known, fresh: false }
      const person = { ...input, email, lastSeenAt: null, ban: null }
      people.set(person.id, person)
      hashes.set(person.id, passwordHash)
      return { person, fresh: true }
    },
    findPerson: async (id) => people.get(id),
    listPeople: async ({ before, limit, ...query }) =>
      [...people.values()]
        .filter((person) => matchesPeople(person, query))
        .filter(({ id }) => before === undefined || id < before)
        .toSorted((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    countPeople: async () => ({
      total: people.size,
      banned: [...people.values()].filter(({ ban }) => ban !== null).length,
    }),
    async findSignIn(email) {
      const person = byEmail(email)
      return person && { person, passwordHash: hashes.get(person.id) ?? null }
    },
    findPasswordHash: async (userId) => hashes.get(userId),
    async openSession({ id, userId, at, expiresAt }, { passwordHash }) {
      const person = people.get(userId)
      if (!person || person.ban || hashes.get(userId) !== passwordHash) return undefined
      const state = { seenAt: at, expiresAt, generation: 1, rotatedAt: at, end: null }
      sessions.set(id, { userId, state })
      people.set(userId, { ...person, lastSeenAt: at })
      return people.get(userId)
    },
    findSession: async (id) => withPerson(id),
    async touchSession({ id, at, expiresAt }) {
      const session = sessions.get(id)
      const person = session && people.get(session.userId)
      if (!session || !person || session.state.end) return
      session.state = { ...session.state, seenAt: at, expiresAt }
      people.set(person.id, { ...person, lastSeenAt: at })
    },
    async changeSession(id, decide) {
      const found = withPerson(id)
      const state = found && decide(found)
      const session = sessions.get(id)
      if (state && session) session.state = state
      return withPerson(id)
    },
    async endSession({ id, end: how }) {
      const session = sessions.get(id)
      if (session) end(session, how)
    },
    async changePassword({ userId, checkedHash, passwordHash, keepSessionId, at }) {
      if (hashes.get(userId) !== checkedHash) return false
      write({ userId, passwordHash, at, keepSessionId })
      return true
    },
    async replacePassword(input) {
      if (!people.has(input.userId)) return false
      write(input)
      return true
    },
    async changeStanding({ userId, at }, decide) {
      const before = people.get(userId)
      if (!before) return undefined
      const others = [...people.values()].filter(({ id }) => id !== userId)
      const after = decide(before, { activeAdmins: others.filter(isActiveAdmin).length })
      const person = { ...before, ...after }
      people.set(userId, person)
      if ((before.ban === null) === (after.ban === null)) return { person, apiKeyIds: [] }
      const own = [...sessions.values()].filter((session) => session.userId === userId)
      if (after.ban) for (const session of own) end(session, { at, reason: 'banned' })
      return { person, apiKeyIds: tellKeys({ userId, bannedAt: after.ban?.at ?? null }) }
    },
    async prune({ before, limit }) {
      const over = [...sessions].filter(([, { state }]) => state.expiresAt < before)
      for (const [id] of over.slice(0, limit)) sessions.delete(id)
      return Math.min(over.length, limit)
    },
  }
}
