import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'

const NAME = '20261121_1000_identity'
const before = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < NAME))
const at = new Date('2026-11-21T09:00:00.000Z')

eachPostgres('the migration to identity', (open) => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await open()
    await sql`drop schema public cascade`.execute(database.db)
    await sql`create schema public`.execute(database.db)
    await migrate({ db: database.db, migrations: before })
  })
  afterEach(() => database.close())

  const addUser = (id: string, hash: string | null) =>
    sql`
      insert into users (id, email, role, password_hash, wallet, created_at)
      values (${id}, ${`${id}@b.test`}, 'user', ${hash}, ${`wal_${id}`}, ${at})
    `.execute(database.db)

  it('copies every password, and keeps it where older code reads it', async () => {
    await addUser('usr_1', '$argon2id$one')
    await addUser('usr_2', null)
    await migrate({
      db: database.db,
      migrations: { ...before, [NAME]: migrations[NAME] ?? never() },
    })
    const methods = await database.db.selectFrom('sign_in_methods').selectAll().execute()
    expect(methods).toEqual([
      {
        kind: 'password',
        subject: 'usr_1',
        user_id: 'usr_1',
        secret_hash: '$argon2id$one',
        created_at: at,
        updated_at: at,
      },
    ])
    const users = await database.db.selectFrom('users').selectAll().orderBy('id').execute()
    expect(users[0]).toMatchObject({ password_hash: '$argon2id$one', banned_at: null })
    expect(users[1]).toMatchObject({ password_hash: null, last_seen_at: null })
  })

  it('older code can still insert users', async () => {
    await migrate({ db: database.db })
    await addUser('usr_3', '$argon2id$three')
    const [user] = await database.db.selectFrom('users').selectAll().execute()
    expect(user).toMatchObject({ id: 'usr_3', banned_at: null, ban_reason: null })
  })
})

function never(): never {
  throw new Error(`there is no ${NAME}`)
}
