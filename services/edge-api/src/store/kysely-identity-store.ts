import { whileDatabaseIsThere } from '@sluice/db/database-away'
import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { SessionEnd, SessionState } from '../identity/session-state.ts'
import type { Standing } from '../identity/standing.ts'
import type { IdentityStore, NewPerson, NewSession } from './identity-store.ts'
import type { PersonRow, SessionRow } from './identity-rows.ts'
import { personColumns, sessionColumns, toPerson, toSession } from './identity-rows.ts'
import { listPeople } from './list-people.ts'

/** The writer announces by itself; the relay tells it again after this. */
const RELAY_AFTER_MS = 1_000

type Db = Kysely<Tables> | Transaction<Tables>
type Change<Name extends keyof IdentityStore> = Parameters<IdentityStore[Name]>

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
    endSession: ({ id, end }) => whenThere(() => endSessions(db, { end, sessionId: id })),
    changePassword: (input) =>
      whenThere(() => withTransaction(db, (trx) => changePassword(trx, input))),
    changeStanding: (...input) =>
      whenThere(() => withTransaction(db, (trx) => changeStanding(trx, ...input))),
    prune: (input) => whenThere(() => prune(db, input)),
  }
}

async function insertPerson(db: Kysely<Tables>, person: NewPerson) {
  const email = person.email.toLowerCase()
  return withTransaction(db, async (trx) => {
    const inserted = await trx
      .insertInto('users')
      .values({
        id: person.id,
        email,
        role: person.role,
        password_hash: null,
        wallet: person.wallet,
        created_at: person.createdAt,
      })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .returning(personColumns)
      .executeTakeFirst()
    if (!inserted) {
      const known = await selectPerson(trx)
        .where('users.email', '=', email)
        .executeTakeFirstOrThrow()
      return { person: toPerson(known), fresh: false }
    }
    if (person.passwordHash !== null) {
      await writePassword(trx, { ...person, userId: person.id, at: person.createdAt })
    }
    return { person: toPerson(inserted), fresh: true }
  })
}

async function countPeople(db: Kysely<Tables>) {
  const { rows } = await sql<{ total: number; banned: number }>`
    select count(*)::int as total, count(banned_at)::int as banned from users`.execute(db)
  return rows[0] ?? { total: 0, banned: 0 }
}

async function writePassword(
  trx: Transaction<Tables>,
  { userId, passwordHash, at }: { userId: string; passwordHash: string | null; at: Date },
) {
  await trx
    .insertInto('sign_in_methods')
    .values({
      kind: 'password',
      subject: userId,
      user_id: userId,
      secret_hash: passwordHash,
      created_at: at,
      updated_at: at,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['kind', 'subject'])
        .doUpdateSet({ secret_hash: passwordHash, updated_at: at }),
    )
    .execute()
}

const selectPerson = (db: Db) => db.selectFrom('users').select(personColumns)

async function findPerson(db: Db, id: string) {
  const row = await selectPerson(db).where('users.id', '=', id).executeTakeFirst()
  return row && toPerson(row)
}

/** With the password's hash. An older release wrote it into `users`, and may still run beside us. */
function selectSignIn(db: Db) {
  return selectPerson(db)
    .leftJoin('sign_in_methods', (join) =>
      join
        .onRef('sign_in_methods.user_id', '=', 'users.id')
        .on('sign_in_methods.kind', '=', 'password'),
    )
    .select((row) =>
      row.fn.coalesce('sign_in_methods.secret_hash', 'users.password_hash').as('passwordHash'),
    )
}

// Two statements: one that waited for the lock would join what it read before it waited.
async function lockSignIn(trx: Transaction<Tables>, userId: string) {
  await trx.selectFrom('users').select('id').where('id', '=', userId).forNoKeyUpdate().execute()
  return selectSignIn(trx).where('users.id', '=', userId).executeTakeFirst()
}

async function findSignIn(db: Db, email: string) {
  const row = await selectSignIn(db).where('users.email', '=', email).executeTakeFirst()
  return row && { person: toPerson(row), passwordHash: row.passwordHash }
}

async function findPasswordHash(db: Db, userId: string) {
  const row = await selectSignIn(db).where('users.id', '=', userId).executeTakeFirst()
  return row?.passwordHash
}

async function openSession(trx: Transaction<Tables>, session: NewSession, checkedHash: string) {
  const { id, userId, at, expiresAt } = session
  const row = await lockSignIn(trx, userId)
  if (!row || row.bannedAt !== null || row.passwordHash !== checkedHash) return undefined
  await trx.updateTable('users').set({ last_seen_at: at }).where('id', '=', userId).execute()
  await trx
    .insertInto('sessions')
    .values({
      id,
      user_id: userId,
      created_at: at,
      seen_at: at,
      expires_at: expiresAt,
      generation: 1,
      rotated_at: at,
      ended_at: null,
      end_reason: null,
    })
    .execute()
  return { ...toPerson(row), lastSeenAt: at }
}

function selectSession(db: Db, id: string) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([...personColumns, ...sessionColumns])
    .where('sessions.id', '=', id)
}

async function findSession(db: Db, id: string) {
  const row: (PersonRow & SessionRow) | undefined = await selectSession(db, id).executeTakeFirst()
  return row && toSession(row)
}

// The person's row first, as everywhere, so that nobody waits in a ring.
async function touchSession(db: Db, input: Change<'touchSession'>[0]) {
  const { id, userId, at, expiresAt } = input
  await sql`
    with person as (update users set last_seen_at = ${at} where id = ${userId} returning id)
    update sessions set seen_at = ${at}, expires_at = ${expiresAt}
    from person
    where sessions.id = ${id} and user_id = person.id and ended_at is null`.execute(db)
}

async function changeSession(trx: Transaction<Tables>, ...[id, decide]: Change<'changeSession'>) {
  const row = await selectSession(trx, id).forNoKeyUpdate('sessions').executeTakeFirst()
  if (!row) return undefined
  const session = toSession(row)
  const state = decide(session)
  if (!state) return session
  await trx.updateTable('sessions').set(stateColumns(state)).where('id', '=', id).execute()
  return { ...session, state }
}

function stateColumns({ seenAt, expiresAt, generation, rotatedAt, end }: SessionState) {
  return {
    seen_at: seenAt,
    expires_at: expiresAt,
    generation,
    rotated_at: rotatedAt,
    ended_at: end?.at ?? null,
    end_reason: end?.reason ?? null,
  }
}

async function endSessions(
  db: Db,
  spec: { end: SessionEnd; userId?: string; sessionId?: string; exceptId?: string },
) {
  const { end, userId, sessionId, exceptId } = spec
  await db
    .updateTable('sessions')
    .set({ ended_at: end.at, end_reason: end.reason })
    .where('ended_at', 'is', null)
    .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
    .$if(sessionId !== undefined, (query) => query.where('id', '=', sessionId ?? ''))
    .$if(exceptId !== undefined, (query) => query.where('id', '<>', exceptId ?? ''))
    .execute()
}

async function changePassword(trx: Transaction<Tables>, input: Change<'changePassword'>[0]) {
  const { userId, checkedHash, passwordHash, keepSessionId, at } = input
  const row = await lockSignIn(trx, userId)
  if (row?.passwordHash !== checkedHash) return false
  await writePassword(trx, { userId, passwordHash, at })
  await trx.updateTable('users').set({ password_hash: null }).where('id', '=', userId).execute()
  const end: SessionEnd = { at, reason: 'password-changed' }
  await endSessions(trx, { end, userId, exceptId: keepSessionId })
  return true
}

async function changeStanding(
  trx: Transaction<Tables>,
  ...[{ userId, at }, decide]: Change<'changeStanding'>
) {
  // Admins first and in order, so that two who ban each other wait, and the second sees the first's ban.
  const admins = await trx
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('banned_at', 'is', null)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  const row = await selectPerson(trx)
    .where('users.id', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!row) return undefined
  const before = toPerson(row)
  const activeAdmins = admins.filter(({ id }) => id !== userId).length
  const after = decide(before, { activeAdmins })
  await writeStanding(trx, { userId, after })
  const changesKeys = (before.ban === null) !== (after.ban === null)
  if (changesKeys && after.ban) {
    await endSessions(trx, { end: { at, reason: 'banned' }, userId })
  }
  const apiKeyIds = changesKeys ? await promiseToTell(trx, { userId, at }) : []
  return { person: { ...before, ...after }, apiKeyIds }
}

async function writeStanding(
  trx: Transaction<Tables>,
  { userId, after: { role, ban } }: { userId: string; after: Standing },
) {
  await trx
    .updateTable('users')
    .set({
      role,
      banned_at: ban?.at ?? null,
      ban_reason: ban?.reason ?? null,
      banned_by: ban?.by ?? null,
    })
    .where('id', '=', userId)
    .execute()
}

/** Whether a key works depends on its owner's ban, and edges remember what they decided. */
async function promiseToTell(
  trx: Transaction<Tables>,
  { userId, at }: { userId: string; at: Date },
): Promise<string[]> {
  const keys = await trx
    .selectFrom('api_keys')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .execute()
  const dueAt = new Date(at.getTime() + RELAY_AFTER_MS)
  for (const { id } of keys) {
    await writeOutbox(trx, { topic: 'api-key-changed', key: id, payload: { apiKeyId: id }, dueAt })
  }
  return keys.map(({ id }) => id)
}

async function prune(db: Db, { before, limit }: Change<'prune'>[0]) {
  const gone = await sql`
    delete from sessions where id in (
      select id from sessions where expires_at < ${before} order by expires_at limit ${limit}
    )`.execute(db)
  return Number(gone.numAffectedRows ?? 0n)
}
