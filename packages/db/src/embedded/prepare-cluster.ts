import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import type { ProgramUser } from './choose-user.ts'
import { chooseUser, giveTo, reachAll } from './choose-user.ts'
import type { Cluster } from './cluster.ts'
import { createCluster } from './create-cluster.ts'
import { hasCode } from './error-code.ts'
import type { PostgresBinaries } from './find-binaries.ts'

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
    linkFolder: join(folder, 'lib'),
    passwordFile: join(folder, 'password'),
    logFile: join(folder, 'postgres.log'),
    binaries,
    user: reachAll(user, [join(folder, 'data'), binaries.postgres]),
  }
  await linkLibraries(cluster)
  const password = await readOrMakePassword(cluster, random)
  await createCluster(cluster, { sync })
  return { cluster, password }
}

/** Makes the folder, ours alone, and answers for whom. */
async function takeFolder(folder: string): Promise<ProgramUser> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const user = chooseUser(folder)
  await giveTo(user, folder)
  return user
}

// Anew at every start: the packages may have moved since.
async function linkLibraries({ linkFolder, binaries }: Cluster): Promise<void> {
  await rm(linkFolder, { recursive: true, force: true })
  await mkdir(linkFolder, { mode: 0o755 })
  for (const [name, target] of Object.entries(binaries.libraryLinks)) {
    await symlink(target, join(linkFolder, name))
  }
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
