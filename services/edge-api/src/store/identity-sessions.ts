import type { Tables } from '@sluice/db/tables'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { SessionEnd, SessionState } from '../identity/session-state.ts'
import { lockSignIn } from './identity-users.ts'
import type { UserRow, SessionRow } from './identity-rows.ts'
import { userColumns, sessionColumns, toUser, toSession } from './identity-rows.ts'
import type { IdentityStore, NewSession } from './identity-store.ts'

type Db = Kysely<Tables> | Transaction<Tables>
type Change<Name extends keyof IdentityStore> = Parameters<IdentityStore[Name]>

export async function openSession(
  trx: Transaction<Tables>,
  session: NewSession,
  checkedHash: string,
) {
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
  return { ...toUser(row), lastSeenAt: at }
}

export async function findSession(db: Db, id: string) {
  const row: (UserRow & SessionRow) | undefined = await selectSession(db, id).executeTakeFirst()
  return row && toSession(row)
}

// Locks the user's row first, as all statements do, so that no deadlock occurs.
export async function touchSession(db: Db, input: Change<'touchSession'>[0]) {
  const { id, userId, at, expiresAt } = input
  await sql`
    with touched as (update users set last_seen_at = ${at} where id = ${userId} returning id)
    update sessions set seen_at = ${at}, expires_at = ${expiresAt}
    from touched
    where sessions.id = ${id} and user_id = touched.id and ended_at is null`.execute(db)
}

export async function changeSession(
  trx: Transaction<Tables>,
  ...[id, decide]: Change<'changeSession'>
) {
  const row = await selectSession(trx, id).forNoKeyUpdate('sessions').executeTakeFirst()
  if (!row) return undefined
  const session = toSession(row)
  const state = decide(session)
  if (!state) return session
  await trx.updateTable('sessions').set(stateColumns(state)).where('id', '=', id).execute()
  return { ...session, state }
}

export async function endSessions(
  db: Db,
  spec: { end: SessionEnd; userId?: string; sessionId?: string; exceptId?: string | undefined },
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

export async function prune(db: Db, { before, limit }: Change<'prune'>[0]) {
  const deleted = await sql`
    delete from sessions where id in (
      select id from sessions where expires_at < ${before} order by expires_at limit ${limit}
    )`.execute(db)
  return Number(deleted.numAffectedRows ?? 0n)
}

function selectSession(db: Db, id: string) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([...userColumns, ...sessionColumns])
    .where('sessions.id', '=', id)
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
