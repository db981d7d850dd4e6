import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely } from 'kysely'

import {
  countUsers,
  findPasswordHash,
  findUserById,
  findSignIn,
  insertUser,
} from './identity-users.ts'
import {
  changeSession,
  endSessions,
  findSession,
  openSession,
  prune,
  touchSession,
} from './identity-sessions.ts'
import { changePassword, changeUserStatus, replacePassword } from './identity-status.ts'
import type { IdentityStore } from './identity-store.ts'
import { listUserRows } from './list-users.ts'

/**
 * Every statement that depends on a ban or a password locks the row in `users` first: so it either commits
 * before a ban or a change of password, or sees it.
 */
export function kyselyIdentityStore({ db }: { db: Kysely<Tables> }): IdentityStore {
  const guarded = mapDatabaseUnavailable
  return {
    insertUser: (user) => guarded(() => insertUser(db, user)),
    findUserById: (id) => guarded(() => findUserById(db, id)),
    listUserRows: (query) => guarded(() => listUserRows(db, query)),
    countUsers: () => guarded(() => countUsers(db)),
    findSignIn: (email) => guarded(() => findSignIn(db, email)),
    findPasswordHash: (userId) => guarded(() => findPasswordHash(db, userId)),
    openSession: (session, { passwordHash }) =>
      guarded(() => withTransaction(db, (trx) => openSession(trx, session, passwordHash))),
    findSession: (id) => guarded(() => findSession(db, id)),
    touchSession: (input) => guarded(() => touchSession(db, input)),
    changeSession: (...input) =>
      guarded(() => withTransaction(db, (trx) => changeSession(trx, ...input))),
    endSession: ({ id, end }) =>
      guarded(() => withTransaction(db, (trx) => endSessions(trx, { end, sessionId: id }))),
    changePassword: (input) =>
      guarded(() => withTransaction(db, (trx) => changePassword(trx, input))),
    replacePassword: (input) =>
      guarded(() => withTransaction(db, (trx) => replacePassword(trx, input))),
    changeUserStatus: (...input) =>
      guarded(() => withTransaction(db, (trx) => changeUserStatus(trx, ...input))),
    prune: (input) => guarded(() => prune(db, input)),
  }
}
