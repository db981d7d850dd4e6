import type { SessionEnd, SessionState } from '../identity/session-state.ts'
import { isActiveAdmin } from '../identity/user-status.ts'
import type { IdentityStore, StoredUser } from './identity-store.ts'
import { matchesUsers } from './users-query.ts'

interface Session {
  userId: string
  state: SessionState
}

interface NewPassword {
  userId: string
  passwordHash: string
  at: Date
  exceptSessionId?: string
}

/**
 * Applies a user's ban to their API keys in the memory key store; returns the keys whose change is published.
 */
export type EnqueueKeyChanges = (input: { userId: string; bannedAt: Date | null }) => string[]

/** In-memory implementation for tests. */
export function memoryIdentityStore({
  enqueueKeyChanges = () => [],
}: { enqueueKeyChanges?: EnqueueKeyChanges } = {}): IdentityStore {
  const users = new Map<string, StoredUser>()
  const hashes = new Map<string, string | null>()
  const sessions = new Map<string, Session>()
  const byEmail = (email: string) => [...users.values()].find((user) => user.email === email)
  const withUser = (id: string) => {
    const session = sessions.get(id)
    const user = session && users.get(session.userId)
    return session && user && { id, state: session.state, user }
  }
  const end = (session: Session, reason: SessionEnd) => {
    if (!session.state.end) session.state = { ...session.state, end: reason }
  }
  const write = ({ userId, passwordHash, at, exceptSessionId }: NewPassword) => {
    hashes.set(userId, passwordHash)
    for (const [id, session] of sessions)
      if (session.userId === userId && id !== exceptSessionId)
        end(session, { at, reason: 'password-changed' })
  }
  return {
    async insertUser({ passwordHash, ...input }) {
      const email = input.email.toLowerCase()
      const known = byEmail(email)
      if (known) return { user: known, created: false }
      const user = { ...input, email, lastSeenAt: null, ban: null }
      users.set(user.id, user)
      hashes.set(user.id, passwordHash)
      return { user, created: true }
    },
    findUserById: async (id) => users.get(id),
    listUserRows: async ({ before, limit, ...query }) =>
      [...users.values()]
        .filter((user) => matchesUsers(user, query))
        .filter(({ id }) => before === undefined || id < before)
        .toSorted((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    countUsers: async () => ({
      total: users.size,
      banned: [...users.values()].filter(({ ban }) => ban !== null).length,
    }),
    async findSignIn(email) {
      const user = byEmail(email)
      return user && { user, passwordHash: hashes.get(user.id) ?? null }
    },
    findPasswordHash: async (userId) => hashes.get(userId),
    async openSession({ id, userId, at, expiresAt }, { passwordHash }) {
      const user = users.get(userId)
      if (!user || user.ban || hashes.get(userId) !== passwordHash) return undefined
      const state = { seenAt: at, expiresAt, generation: 1, rotatedAt: at, end: null }
      sessions.set(id, { userId, state })
      users.set(userId, { ...user, lastSeenAt: at })
      return users.get(userId)
    },
    findSession: async (id) => withUser(id),
    async touchSession({ id, at, expiresAt }) {
      const session = sessions.get(id)
      const user = session && users.get(session.userId)
      if (!session || !user || session.state.end) return
      session.state = { ...session.state, seenAt: at, expiresAt }
      users.set(user.id, { ...user, lastSeenAt: at })
    },
    async changeSession(id, decide) {
      const found = withUser(id)
      const state = found && decide(found)
      const session = sessions.get(id)
      if (state && session) session.state = state
      return withUser(id)
    },
    async endSession({ id, end: reason }) {
      const session = sessions.get(id)
      if (session) end(session, reason)
    },
    async changePassword({ userId, checkedHash, passwordHash, exceptSessionId, at }) {
      if (hashes.get(userId) !== checkedHash) return false
      write({ userId, passwordHash, at, exceptSessionId })
      return true
    },
    async replacePassword(input) {
      if (!users.has(input.userId)) return false
      write(input)
      return true
    },
    async changeUserStatus({ userId, at }, decide) {
      const before = users.get(userId)
      if (!before) return undefined
      const others = [...users.values()].filter(({ id }) => id !== userId)
      const after = decide(before, { activeAdmins: others.filter(isActiveAdmin).length })
      const user = { ...before, ...after }
      users.set(userId, user)
      if ((before.ban === null) === (after.ban === null)) return { user, apiKeyIds: [] }
      const own = [...sessions.values()].filter((session) => session.userId === userId)
      if (after.ban) for (const session of own) end(session, { at, reason: 'banned' })
      return { user, apiKeyIds: enqueueKeyChanges({ userId, bannedAt: after.ban?.at ?? null }) }
    },
    async prune({ before, limit }) {
      const expired = [...sessions].filter(([, { state }]) => state.expiresAt < before)
      for (const [id] of expired.slice(0, limit)) sessions.delete(id)
      return Math.min(expired.length, limit)
    },
  }
}
