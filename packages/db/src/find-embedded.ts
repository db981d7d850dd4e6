import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { embeddedUrl } from './embedded/embedded-url.ts'
import { findPostmaster } from './embedded/postmaster.ts'

/**
 * The URL of the running PostgreSQL of this data folder, for commands used beside a running server; undefined
 * when none runs. Takes no lock and starts nothing.
 */
export async function findEmbeddedPostgres({
  dataDir,
}: {
  dataDir: string
}): Promise<string | undefined> {
  const folder = join(resolve(dataDir), 'postgres')
  const running = await findPostmaster({ dataFolder: join(folder, 'data') })
  if (running?.status !== 'ready') return undefined
  const password = (await readFile(join(folder, 'password'), 'utf8')).trim()
  return embeddedUrl({ port: running.port, password })
}
