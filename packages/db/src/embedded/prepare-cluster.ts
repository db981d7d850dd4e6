import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import type { ProgramUser } from './choose-user.ts'
import { chooseUser, changeOwner, canEnter } from './choose-user.ts'
import type { Cluster } from './cluster.ts'
import { createFileAtomically } from './create-file.ts'
import { createCluster, holdsData } from './create-cluster.ts'
import { hasCode } from './error-code.ts'
import { createPrivateFolder } from './create-private-folder.ts'
import type { PostgresBinaries } from './find-binaries.ts'
import { copyBinaries } from './copy-binaries.ts'

const PASSWORD_BYTES = 24
const PASSWORD = /^[\w-]{32}$/

/** Creates everything a server needs before its start. Returns the cluster and its password. */
export async function prepareCluster({
  folder,
  binaries,
  random,
  sync,
}: {
  folder: string
  binaries: PostgresBinaries
  random: Random
  /** Whether a new cluster is flushed to disk before use. */
  sync: boolean
}): Promise<{ cluster: Cluster; password: string }> {
  const user = await createFolder(folder)
  const cluster: Cluster = {
    folder,
    dataFolder: join(folder, 'data'),
    passwordFile: join(folder, 'password'),
    logFile: join(folder, 'postgres.log'),
    binaries: await copyBinaries(binaries, { user, linkFolder: join(folder, 'lib') }),
    user,
    blocked: user.uid !== undefined && !(await canEnter(user, folder)),
  }
  if (cluster.blocked && process.platform !== 'linux') throw new Error(blockedText(cluster))
  const password = await readOrCreatePassword(cluster, random)
  await createCluster(cluster, { sync })
  return { cluster, password }
}

/** Creates the private folder; returns the user that owns it. */
async function createFolder(folder: string): Promise<ProgramUser> {
  await createPrivateFolder(folder)
  const user = chooseUser(folder)
  await changeOwner(user, folder)
  return user
}

function blockedText({ folder, user }: Cluster): string {
  return (
    `PostgreSQL does not run as root, and user ${user.uid} cannot enter ${folder}. Start as an ` +
    'ordinary user, or set SLUICE_DATA_DIR to a folder below one that every user may enter.'
  )
}

async function readOrCreatePassword(cluster: Cluster, random: Random): Promise<string> {
  const { passwordFile: path, dataFolder, user } = cluster
  const known = await readPassword(path)
  if (known !== undefined && PASSWORD.test(known)) return known
  if (await holdsData(cluster)) {
    const state = known === undefined ? 'is missing' : 'is empty or truncated'
    throw new Error(
      `${path} ${state}, and the database in ${dataFolder} cannot be opened without it. ` +
        'Restore the file from your backup.',
    )
  }
  // An interrupted first start may have left a truncated file.
  await rm(path, { force: true })
  const password = Buffer.from(random.bytes(PASSWORD_BYTES)).toString('base64url')
  const prepare = (temporary: string) => changeOwner(user, temporary)
  await createFileAtomically({ random }, { path, text: `${password}\n`, prepare })
  return password
}

async function readPassword(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
