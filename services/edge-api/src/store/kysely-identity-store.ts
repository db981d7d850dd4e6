import { whileDatabaseIsThere } from '@sluice/db/database-away'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely } from 'kysely'

import {
  countPeople,
  findPasswordHash,
  findPerson,
  findSignIn,
  insertPerson,
} from './identity-people.ts'
import {
  changeSession,
  endSessions,
  findSession,
  openSession,
  prune,
  touchSession,
} from './identity-sessions.ts'
import { changePassword, changeStanding, replacePassword } from './identity-standing.ts'
import type { IdentityStore } from './identity-store.ts'
import { listPeople } from './list-people.ts'

/**
 * Every statement that counts on somebody not being banned, or on their password, locks the row in `users`
 * first: so it comes wholly before a ban or a change of password, or sees it.
 */
export function kyselyIdentityStore({ db }: { db: Kysely<Tables> }): IdentityStore {
  const whenThere = whileDatabaseIsThere
  return {
    insertPerson: (person) => whenThere(() => insertPerson(db, person)),
    findPerson: (id) => whenThere(() => findPerson(db, id)),
    listPeople: (query) => whenThere(() => listPeople(db, query)),
    countPeople: () => whenThere(() => countPeople(db)),
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
    changeStanding: (...input) =>
      whenThere(() => withTransaction(db, (trx) => changeStanding(trx, ...input))),
    prune: (input) => whenThere(() => prune(db, input)),
  }
}
