import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { changeOwner } from './choose-user.ts'
import type { Cluster } from './cluster.ts'
import { SUPERUSER } from './cluster.ts'
import { syncFolder } from './create-file.ts'
import { hasCode } from './error-code.ts'
import { explainInitdb } from './explain-initdb.ts'
import type { ProgramPaths } from './start-program.ts'
import { startProgram } from './start-program.ts'

const INITDB_TIMEOUT_MS = 120_000

/**
 * Creates the cluster's data folder unless it exists. An interrupted creation leaves only a folder under a
 * temporary name, which the next start removes. Rejects data of another major version.
 */
export async function createCluster(cluster: Cluster, { sync }: { sync: boolean }): Promise<void> {
  if (await holdsData(cluster)) return
  await removeIncomplete(cluster)
  const temporary = `${cluster.dataFolder}.new`
  await mkdir(temporary, { mode: 0o700 })
  await changeOwner(cluster.user, temporary)
  await initdb(cluster, temporary, sync)
  await rename(temporary, cluster.dataFolder)
  await syncFolder(cluster.folder)
}

/** Whether the data folder has data of this major version. Throws an explanation for another version. */
export async function holdsData(
  cluster: Pick<Cluster, 'dataFolder' | 'binaries'>,
): Promise<boolean> {
  const major = await readMajor(cluster.dataFolder)
  if (major === cluster.binaries.major) return true
  if (major !== undefined) {
    throw new Error(
      `${cluster.dataFolder} was created by PostgreSQL ${major}, and this is PostgreSQL ` +
        `${cluster.binaries.major}, which cannot read it. Dump it with the release that created it ` +
        'and load the dump into a fresh folder, or give the URL of a server that has the data.',
    )
  }
  return false
}

async function initdb(cluster: Cluster, folder: string, sync: boolean): Promise<void> {
  const locale =
    cluster.binaries.major >= 17
      ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
      : ['--locale=C.UTF-8']
  const args = (paths: ProgramPaths) => [
    `--pgdata=${paths.dataFolder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${paths.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-instructions',
    ...locale,
    ...(sync ? [] : ['--no-sync']),
  ]
  const child = await startProgram(cluster, {
    program: cluster.binaries.initdb,
    dataFolder: folder,
    args,
    output: 'pipe',
    detached: false,
    timeoutMs: INITDB_TIMEOUT_MS,
  })
  const closed = once(child, 'close')
  child.stdout?.resume()
  const written = child.stderr ? await text(child.stderr) : ''
  await closed
  if (child.exitCode !== 0) {
    const why = written.trim() || `initdb ended by ${child.signalCode ?? child.exitCode}`
    throw new Error(explainInitdb({ folder: cluster.folder, written: why }))
  }
}

async function readMajor(dataFolder: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(dataFolder, 'PG_VERSION'), 'utf8'), 10)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function removeIncomplete(cluster: Cluster): Promise<void> {
  await rm(`${cluster.dataFolder}.new`, { recursive: true, force: true })
  const left = await readdir(cluster.dataFolder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  if (left.length > 0) {
    throw new Error(`${cluster.dataFolder} holds files but no PostgreSQL data; nothing was changed`)
  }
  await rm(cluster.dataFolder, { recursive: true, force: true })
}
