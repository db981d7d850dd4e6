/**
 * Makes PostgreSQL's programs executable for the user that runs them. npm packages below /root (mode 0700),
 * or installed with umask 077, are accessible to root only; then root makes a copy for all users of the
 * machine, named by its content and reused by later starts.
 */
import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { constants } from 'node:fs'
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'

import type { ProgramUser } from './choose-user.ts'
import { succeedsAs } from './choose-user.ts'
import { programEnvironment } from './cluster.ts'
import { hasCode } from './error-code.ts'
import type { PostgresBinaries } from './find-binaries.ts'
import { linkLibraries } from './link-libraries.ts'

/** Folders for the copy, tried in this order; noexec and read-only mounts are skipped. */
const COPY_ROOTS = ['/var/cache', '/var/lib', '/var/tmp', '/tmp']
/** The folders of the package that a server needs. */
const FOLDERS = ['bin', 'lib', 'share']
const NAME_DIGITS = 16

/** Binaries that `user` can run: these, with their library links in `linkFolder`, or a copy of them. */
export async function copyBinaries(
  binaries: PostgresBinaries,
  {
    user,
    linkFolder,
    copyRoots = COPY_ROOTS,
  }: { user: ProgramUser; linkFolder: string; copyRoots?: readonly string[] },
): Promise<PostgresBinaries> {
  const linked = await linkLibraries(binaries, linkFolder)
  if (user.uid === undefined || (await canRun(user, linked))) return linked
  const source = dirname(dirname(binaries.postgres))
  const digest = await hashFolders(source)
  const tried: string[] = []
  for (const copyRoot of copyRoots) {
    try {
      const copied = await ensureCopy({ binaries, source, digest, copyRoot })
      if (await canRun(user, copied)) return copied
      tried.push(`${copyRoot} (programs there cannot be executed)`)
    } catch (error) {
      tried.push(`${copyRoot} (${error instanceof Error ? error.message : String(error)})`)
    }
  }
  throw new Error(
    `PostgreSQL does not run as root, and user ${user.uid} cannot run the programs in ${source}, ` +
      `nor a copy of them in ${tried.join(', ')}. Start as an ordinary user, move the checkout to ` +
      'where every user may enter and execute, or set DATABASE_URL to a PostgreSQL 15 or later.',
  )
}

/** Whether both programs are readable and can be executed. */
function canRun(user: ProgramUser, binaries: PostgresBinaries): Promise<boolean> {
  // initdb checks access to `postgres` with access(2), which uses the real user id.
  const script =
    'test -x "$1" && test -r "$1" && test -x "$2" && test -r "$2" && ' +
    '"$1" --version >/dev/null && "$2" --version >/dev/null'
  const args = [binaries.initdb, binaries.postgres]
  return succeedsAs(user, script, { args, env: programEnvironment(binaries) })
}

/** The copy of this content below `copyRoot`; created unless it exists. */
async function ensureCopy(spec: {
  binaries: PostgresBinaries
  source: string
  digest: string
  copyRoot: string
}): Promise<PostgresBinaries> {
  const { binaries, digest } = spec
  const copy = join(await ensureFolder(join(spec.copyRoot, 'sluice')), `postgresql-${digest}`)
  if ((await hashFolders(copy)) !== digest) await makeCopy({ ...spec, copy })
  return {
    ...binaries,
    initdb: join(copy, 'bin', basename(binaries.initdb)),
    postgres: join(copy, 'bin', basename(binaries.postgres)),
    libraryFolders: [join(copy, 'links'), join(copy, 'lib')],
  }
}

/** Created under a temporary name and renamed, so that a concurrent start sees a complete copy or none. */
async function makeCopy({
  binaries,
  source,
  digest,
  copy,
}: {
  binaries: PostgresBinaries
  source: string
  digest: string
  copy: string
}): Promise<void> {
  const temporary = await mkdtemp(`${copy}.`)
  try {
    for (const folder of FOLDERS) {
      await cp(join(source, folder), join(temporary, folder), {
        recursive: true,
        dereference: true,
      })
    }
    await makeReadable(temporary)
    await linkCopied(binaries, temporary)
    await rename(temporary, copy).catch(async (error: unknown) => {
      if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error
      // A concurrent start made the copy, or an earlier copy is damaged and has to be replaced.
      if ((await hashFolders(copy)) === digest) return
      await rm(copy, { recursive: true, force: true })
      await rename(temporary, copy)
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function linkCopied({ libraryLinks }: PostgresBinaries, copy: string): Promise<void> {
  const links = join(copy, 'links')
  await mkdir(links)
  await chmod(links, 0o755)
  for (const [name, path] of Object.entries(libraryLinks)) {
    await symlink(join('../lib', basename(path)), join(links, name))
  }
}

/** Sets modes independent of umask and package: readable by all users, writable by root only. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), isProgram(entry) ? 0o755 : 0o644)
  }
}

const isProgram = (entry: Dirent) => entry.isDirectory() || basename(entry.parentPath) === 'bin'

/**
 * Creates or checks a folder that only root can write, since other users must not be able to replace the programs.
 */
async function ensureFolder(path: string): Promise<string> {
  await mkdir(path, { mode: 0o755 }).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error
  })
  const { uid, mode } = await lstat(path)
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR
  if (!isFolder || uid !== 0 || (mode & 0o022) !== 0) {
    throw new Error(`${path} is not a folder that only root can write`)
  }
  await chmod(path, 0o755)
  return path
}

/** A hash of the content; empty if a folder is missing. */
async function hashFolders(root: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for (const folder of FOLDERS) {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => !entry.isDirectory())
      for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
        const bytes = await readFile(path)
        hash.update(`${relative(root, path)}\0${bytes.length}\0`).update(bytes)
      }
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  }
  return hash.digest('hex').slice(0, NAME_DIGITS)
}
