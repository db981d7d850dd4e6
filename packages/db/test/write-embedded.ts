// Starts the embedded PostgreSQL of the folder named in its arguments and inserts rows until it is killed;
// prints each number after its commit.
import { connectPostgres } from '../src/connect-postgres.ts'
import { startEmbeddedPostgres } from '../src/connect-embedded.ts'

const [dataDir = ''] = process.argv.slice(2)
const { url } = await startEmbeddedPostgres({ dataDir, log: () => {} })
const { pool } = connectPostgres({ url, onError: () => {} })
await pool.query('create table if not exists acknowledged (n int primary key)')
for (let n = 1; ; n += 1) {
  await pool.query('insert into acknowledged values ($1)', [n])
  process.stdout.write(`${n}\n`)
}
