// Writes schema.snapshot.sql: the schema after all migrations, as read from a fresh server, under their last name.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startTestPostgres } from '@sluice/testkit/servers'

import { connectPostgres } from '../src/connect-postgres.ts'
import { findEmbeddedBinaries } from '../src/embedded/find-binaries.ts'
import { migrate } from '../src/migrate.ts'
import { readSchema } from '../src/read-schema.ts'
import { snapshotFile, snapshotText } from '../src/schema-snapshot.ts'

const folder = await mkdtemp(join(tmpdir(), 'sluice-snapshot-'))
await chmod(folder, 0o755) // the server may run as another user
const binaries = await findEmbeddedBinaries()
const server = await startTestPostgres({ folder: join(folder, 'postgres'), binaries })
try {
  const postgres = connectPostgres({
    url: server.url,
    onError: (error) => {
      throw error
    },
  })
  await migrate(postgres)
  const schema = await readSchema(postgres.db)
  await postgres.close()
  await writeFile(snapshotFile, snapshotText(schema))
} finally {
  await server.stop()
  await rm(folder, { recursive: true })
}
