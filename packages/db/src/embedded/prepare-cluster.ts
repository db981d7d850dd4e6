import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import type { ProgramUser } from './choose-user.ts'
import { chooseUser, giveTo, mayEnter } from './choose-user.ts'
import type { Cluster } from './cluster.ts'
import { createCluster } from './create-cluster.ts'
import { hasCode } from './error-code.ts'
import type { PostgresBinaries } from './find-binaries.ts'
import { placeBinaries } from './place-binaries.ts'

const PASSWORD_BYTES = 24

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
    binaries: await placeBinaries(binaries, { user, linkFolder: join(folder, 'lib') }),
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
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const user = chooseUser(folder)
  await giveTo(user, folder)
  await chmod(folder, 0o700)
  return user
}

function blockedSentence({ folder, user }: Cluster): string {
  return (
    `PostgreSQL does not run as root, and user ${user.uid} cannot enter ${folder}. Start as an ` +
    'ordinary user, or set SLUICE_DATA_DIR to a folder below one that every user may enter.'
  )
}

async function readOrMakePassword(cluster: Cluster, random: Random): Promise<string> {
  try {
    return (await readFile(cluster.passwordFile, 'utf8')).trim()
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  const password = Buffer.from(random.bytes(PASSWORD_BYTES)).toString('base64url')
  await writeFile(cluster.passwordFile, `${password}\n`, { mode: 0o600, flush: true })
  await giveTo(cluster.user, cluster.passwordFile)
  return password
}
