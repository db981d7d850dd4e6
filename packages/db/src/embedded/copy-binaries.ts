/**
 * PostgreSQL's programs at a place where the user who runs them can reach them. npm packages below
 * /root (mode 0700), or installed under umask 077, are closed to everybody but root; then root makes a
 * copy for all users of the machine, named by its content and used again by later starts.
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

/** Tried in this order; a mount without exec, or one that is read-only, rules a place out. */
const PLACES = ['/var/cache', '/var/lib', '/var/tmp', '/tmp']
/** What a running server needs of the package. */
const FOLDERS = ['bin', 'lib', 'share']
const NAME_DIGITS = 16

/** Binaries that `user` can run: these, with their library links in `linkFolder`, or a copy of them. */
export async function copyBinaries(
  binaries: PostgresBinaries,
  {
    user,
    linkFolder,
    places = PLACES,
  }: { user: ProgramUser; linkFolder: string; places?: readonly string[] },
): Promise<PostgresBinaries> {
  const linked = await linkLibraries(binaries, linkFolder)
  if (user.uid === undefined || (await canRun(user, linked))) return linked
  const source = dirname(dirname(binaries.postgres))
  const digest = await hashFolders(source)
  const tried: string[] = []
  for (const place of places) {
    try {
      const placed = await ensureCopy({ binaries, source, digest, place })
      if (await canRun(user, placed)) return placed
      tried.push(`${place} (programs there do not start)`)
    } catch (error) {
      tried.push(`${place} (${error instanceof Error ? error.message : String(error)})`)
    }
  }
  throw new Error(
    `PostgreSQL does not run as root, and user ${user.uid} cannot run the programs in ${source}, ` +
      `nor a copy of them in ${tried.join(', ')}. Start as an ordinary user, move the checkout to ` +
      'where every user may enter and execute, or set DATABASE_URL to a PostgreSQL 15 or later.',
  )
}

/** Both programs start and the files that initdb reads are readable. */
function canRun(user: ProgramUser, binaries: PostgresBinaries): Promise<boolean> {
  // initdb looks for its neighbours by access(2), which root's leftovers of capabilities do not pass.
  const script =
    'test -x "$1" && test -r "$1" && test -x "$2" && test -r "$2" && ' +
    '"$1" --version >/dev/null && "$2" --version >/dev/null'
  const words = [binaries.initdb, binaries.postgres]
  return succeedsAs(user, script, { words, env: programEnvironment(binaries) })
}

/** The copy of this content below `place`, made unless it is there. */
async function ensureCopy(spec: {
  binaries: PostgresBinaries
  source: string
  digest: string
  place: string
}): Promise<PostgresBinaries> {
  const { binaries, digest } = spec
  const copy = join(await ensureFolder(join(spec.place, 'sluice')), `postgresql-${digest}`)
  if ((await hashFolders(copy)) !== digest) await makeCopy({ ...spec, copy })
  return {
    ...binaries,
    initdb: join(copy, 'bin', basename(binaries.initdb)),
    postgres: join(copy, 'bin', basename(binaries.postgres)),
    libraryFolders: [join(copy, 'links'), join(copy, 'lib')],
  }
}

/** Made beside and renamed, so that a program that starts at the same time sees a whole copy or none. */
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
  const growing = await mkdtemp(`${copy}.`)
  try {
    for (const folder of FOLDERS) {
      await cp(join(source, folder), join(growing, folder), { recursive: true, dereference: true })
    }
    await openToAll(growing)
    await linkCopied(binaries, growing)
    await rename(growing, copy).catch(async (error: unknown) => {
      if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error
      // Another start was faster, or an earlier copy is damaged and must go.
      if ((await hashFolders(copy)) === digest) return
      await rm(copy, { recursive: true, force: true })
      await rename(growing, copy)
    })
  } finally {
    await rm(growing, { recursive: true, force: true })
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

/** Whatever the umask and the modes of the package: readable by all, changed by root alone. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), isProgram(entry) ? 0o755 : 0o644)
  }
}

const isProgram = (entry: Dirent) => entry.isDirectory() || basename(entry.parentPath) === 'bin'

/** A folder that root alone can write. Programs that others could replace must not be started. */
async function ensureFolder(path: string): Promise<string> {
  await mkdir(path, { mode: 0o755 }).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error
  })
  const { uid, mode } = await lstat(path)
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR
  if (!isFolder || uid !== 0 || (mode & 0o022) !== 0) {
    throw new Error(`${path} is no folder that only root can write`)
  }
  await chmod(path, 0o755)
  return path
}

/** Digits that tell one content from another; empty where the folders are not all there. */
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
