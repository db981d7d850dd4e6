import { execFile } from 'node:child_process'
import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Cluster } from './cluster.ts'
import { programEnvironment, SUPERUSER, withUser } from './cluster.ts'
import { hasCode } from './error-code.ts'

const INITDB_TIMEOUT_MS = 120_000

/**
 * Makes the cluster's data folder unless it is there. A creation that died half-way leaves only a
 * folder under another name, which the next one removes. Refuses data of another major version.
 */
export async function createCluster(cluster: Cluster, { sync }: { sync: boolean }): Promise<void> {
  const major = await readMajor(cluster.dataFolder)
  if (major === cluster.binaries.major) return
  if (major !== undefined) {
    throw new Error(
      `${cluster.dataFolder} was made by PostgreSQL ${major}, and this is PostgreSQL ` +
        `${cluster.binaries.major}, which cannot read it. Dump it with the release that made it ` +
        'and load the dump into a fresh folder, or give the URL of a server that has the data.',
    )
  }
  await removeHalfMade(cluster)
  const growing = `${cluster.dataFolder}.new`
  await initdb(cluster, growing, sync)
  await rename(growing, cluster.dataFolder)
  await syncFolder(cluster.folder)
}

async function initdb(cluster: Cluster, folder: string, sync: boolean): Promise<void> {
  const locale =
    cluster.binaries.major >= 17
      ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
      : ['--locale=C.UTF-8']
  const words = [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${cluster.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-instructions',
    ...locale,
    ...(sync ? [] : ['--no-sync']),
  ]
  const { command, options } = withUser(cluster.user, [cluster.binaries.initdb, ...words])
  const [program = '', ...rest] = command
  try {
    await promisify(execFile)(program, rest, {
      ...options,
      env: programEnvironment(cluster),
      cwd: cluster.folder,
      timeout: INITDB_TIMEOUT_MS,
    })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new Error(`PostgreSQL could not create its data: ${said}`, { cause: error })
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

async function removeHalfMade(cluster: Cluster): Promise<void> {
  await rm(`${cluster.dataFolder}.new`, { recursive: true, force: true })
  const left = await readdir(cluster.dataFolder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
  if (left.length > 0) {
    throw new Error(`${cluster.dataFolder} holds files but no PostgreSQL data; nothing was touched`)
  }
  await rm(cluster.dataFolder, { recursive: true, force: true })
}

// The rename above is on disk only when its folder is.
async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder)
  await opened.sync()
  await opened.close()
}
