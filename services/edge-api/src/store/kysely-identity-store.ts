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
 * Every statement that counts on somebody not being banned, or on their password, locks the row in `users`
 * first: so it comes wholly before a ban or a change of password, or sees it.
 */
export function kyselyIdentityStore({ db }: { db: Kysely<Tables> }): IdentityStore {
  const whenThere = mapDatabaseUnavailable
  return {
    insertUser: (user) => whenThere(() => insertUser(db, user)),
    findUserById: (id) => whenThere(() => findUserById(db, id)),
    listUserRows: (query) => whenThere(() => listUserRows(db, query)),
    countUsers: () => whenThere(() => countUsers(db)),
    findSignIn: (email) => whenThere(() => findSignIn(db, email)),
    findPasswordHash: (userId) => whenThere(() => findPasswordHash(db, userId)),
    openSession: (session, { passwordHash }) =>
      whenThere(() => withTransaction(db, (trx) => openSession(trx, session, passwordHash))),
    findSession: (id) => whenThere(() => findSession(db, id)),
    touchSession: (input) => whenThere(() => touchSession(db, input)),
    changeSession: (...input) =>
      whenThere(() => withTransaction(db, (trx) => changeSession(trx, ...input))),
    endSession: ({ id, end }) =>
      whenThere(() => withTransaction(db, (trx) => endSessions(trx, { end, sessionId: id }))),
    changePassword: (input) =>
      whenThere(() => withTransaction(db, (trx) => changePassword(trx, input))),
    replacePassword: (input) =>
      whenThere(() => withTransaction(db, (trx) => replacePassword(trx, input))),
    changeUserStatus: (...input) =>
      whenThere(() => withTransaction(db, (trx) => changeUserStatus(trx, ...input))),
    prune: (input) => whenThere(() => prune(db, input)),
  }
}
