import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import type { ProgramUser } from './choose-user.ts'
import { chooseUser, giveTo, mayEnter } from './choose-user.ts'
import type { Cluster } from './cluster.ts'
import { createWhole } from './create-whole.ts'
import { createCluster, holdsData } from './create-cluster.ts'
import { hasCode } from './error-code.ts'
import { ownFolder } from './own-folder.ts'
import type { PostgresBinaries } from './find-binaries.ts'
import { copyBinaries } from './copy-binaries.ts'

const PASSWORD_BYTES = 24
const PASSWORD = /^[\w-]{32}$/

/** Everything a server needs before it can start. Answers the cluster and its password. */
export async function prepareCluster({
  folder,
  binaries,
  random,
  sync,
}: {
  folder: string
  binaries: PostgresBinaries
  random: Random
  /** Whether a fresh cluster must survive a power cut from the start. */
  sync: boolean
}): Promise<{ cluster: Cluster; password: string }> {
  const user = await takeFolder(folder)
  const cluster: Cluster = {
    folder,
    dataFolder: join(folder, 'data'),
    passwordFile: join(folder, 'password'),
    logFile: join(folder, 'postgres.log'),
    binaries: await copyBinaries(binaries, { user, linkFolder: join(folder, 'lib') }),
    user,
    blocked: user.uid !== undefined && !(await mayEnter(user, folder)),
  }
  if (cluster.blocked && process.platform !== 'linux') throw new Error(blockedSentence(cluster))
  const password = await readOrMakePassword(cluster, random)
  await createCluster(cluster, { sync })
  return { cluster, password }
}

/** Makes the folder, ours alone, and answers for whom. */
async function takeFolder(folder: string): Promise<ProgramUser> {
  await ownFolder(folder)
  const user = chooseUser(folder)
  await giveTo(user, folder)
  return user
}

function blockedSentence({ folder, user }: Cluster): string {
  return (
    `PostgreSQL does not run as root, and user ${user.uid} cannot enter ${folder}. Start as an ` +
    'ordinary user, or set SLUICE_DATA_DIR to a folder below one that every user may enter.'
  )
}

async function readOrMakePassword(cluster: Cluster, random: Random): Promise<string> {
  const { passwordFile: path, dataFolder, user } = cluster
  const known = await readPassword(path)
  if (known !== undefined && PASSWORD.test(known)) return known
  if (await holdsData(cluster)) {
    const state = known === undefined ? 'is missing' : 'is empty or torn'
    throw new Error(
      `${path} ${state}, and the database in ${dataFolder} cannot be entered without it. ` +
        'Put the file back from your backup.',
    )
  }
  // A start that died before it made the database may have left a part of it.
  await rm(path, { force: true })
  const password = Buffer.from(random.bytes(PASSWORD_BYTES)).toString('base64url')
  const prepare = (temporary: string) => giveTo(user, temporary)
  await createWhole({ random }, { path, text: `${password}\n`, prepare })
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
