import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import { userColumns, toUser } from './identity-rows.ts'
import type { NewUser } from './identity-store.ts'

type Db = Kysely<Tables> | Transaction<Tables>

export async function insertUser(db: Kysely<Tables>, user: NewUser) {
  const email = user.email.toLowerCase()
  return withTransaction(db, async (trx) => {
    const inserted = await trx
      .insertInto('users')
      .values({
        id: user.id,
        email,
        role: user.role,
        password_hash: null,
        wallet: user.wallet,
        created_at: user.createdAt,
      })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .returning(userColumns)
      .executeTakeFirst()
    if (!inserted) {
      const known = await selectUser(trx).where('users.email', '=', email).executeTakeFirstOrThrow()
      return { user: toUser(known), created: false }
    }
    if (user.passwordHash !== null) {
      await writePassword(trx, { ...user, userId: user.id, at: user.createdAt })
    }
    return { user: toUser(inserted), created: true }
  })
}

export const selectUser = (db: Db) => db.selectFrom('users').select(userColumns)

export async function findUserById(db: Db, id: string) {
  const row = await selectUser(db).where('users.id', '=', id).executeTakeFirst()
  return row && toUser(row)
}

export async function countUsers(db: Kysely<Tables>) {
  const { rows } = await sql<{ total: number; banned: number }>`
    select count(*)::int as total, count(banned_at)::int as banned from users`.execute(db)
  return rows[0] ?? { total: 0, banned: 0 }
}

export async function findSignIn(db: Db, email: string) {
  const row = await selectSignIn(db).where('users.email', '=', email).executeTakeFirst()
  return row && { user: toUser(row), passwordHash: row.passwordHash }
}

export async function findPasswordHash(db: Db, userId: string) {
  const row = await selectSignIn(db).where('users.id', '=', userId).executeTakeFirst()
  return row?.passwordHash
}

// Two statements: a single one that waited for the lock would join the values from before the wait.
export async function lockSignIn(trx: Transaction<Tables>, userId: string) {
  await trx.selectFrom('users').select('id').where('id', '=', userId).forNoKeyUpdate().execute()
  return selectSignIn(trx).where('users.id', '=', userId).executeTakeFirst()
}

/** With the password's hash. An older release wrote it into `users`, and may run at the same time. */
function selectSignIn(db: Db) {
  return selectUser(db)
    .leftJoin('sign_in_methods', (join) =>
      join
        .onRef('sign_in_methods.user_id', '=', 'users.id')
        .on('sign_in_methods.kind', '=', 'password'),
    )
    .select((row) =>
      row.fn.coalesce('sign_in_methods.secret_hash', 'users.password_hash').as('passwordHash'),
    )
}

export async function writePassword(
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
