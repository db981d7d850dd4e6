import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { chooseUser } from './choose-user.ts'
import type { PostgresBinaries } from './find-binaries.ts'
import { findEmbeddedBinaries } from './find-binaries.ts'
import { copyBinaries } from './copy-binaries.ts'

const isRoot = process.getuid?.() === 0

let home: string
let copyRoot: string
let binaries: PostgresBinaries
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-binaries-'))
  copyRoot = join(home, 'copies')
  await mkdir(copyRoot)
  binaries = await copyInto(join(home, 'private'))
  await chmod(join(home, 'private'), 0o700)
  await chmod(home, 0o755)
})
afterEach(() => rm(home, { recursive: true, force: true }))

const copyInto = async (folder: string): Promise<PostgresBinaries> => {
  const found = await findEmbeddedBinaries()
  const native = dirname(dirname(found.postgres))
  await cp(native, join(folder, basename(native)), { recursive: true })
  const moved = (path: string) => path.replace(native, join(folder, basename(native)))
  return {
    initdb: moved(found.initdb),
    postgres: moved(found.postgres),
    major: found.major,
    libraryFolders: found.libraryFolders.map(moved),
    libraryLinks: Object.fromEntries(
      Object.entries(found.libraryLinks).map(([name, path]) => [name, moved(path)]),
    ),
  }
}
// Each start has its own data folder, which contains its library links.
const prepareBinaries = async () => {
  const linkFolder = join(await mkdtemp(join(home, 'data-')), 'lib')
  return copyBinaries(binaries, { user: chooseUser(home), linkFolder, copyRoots: [copyRoot] })
}

it('uses programs that their user can run, and copies those that only root can reach', async () => {
  const { postgres } = await prepareBinaries()
  const root = isRoot ? join(copyRoot, 'sluice') : join(home, 'private')
  expect(postgres.startsWith(`${root}/`)).toBe(true)
})

it('makes one copy for concurrent and later starts', async () => {
  const prepared = await Promise.all([prepareBinaries(), prepareBinaries(), prepareBinaries()])
  const later = await prepareBinaries()
  expect(new Set([...prepared, later].map(({ postgres }) => postgres)).size).toBe(1)
  const copies = isRoot ? await readdir(join(copyRoot, 'sluice')) : []
  expect(copies).toHaveLength(isRoot ? 1 : 0)
})

it('replaces an incomplete or truncated copy', async () => {
  const { postgres } = await prepareBinaries()
  if (isRoot) await writeFile(postgres, '')
  expect((await prepareBinaries()).postgres).toBe(postgres)
})

it('rejects a copy in a folder that others can write, with a remedy', async () => {
  await mkdir(join(copyRoot, 'sluice'))
  await chmod(join(copyRoot, 'sluice'), 0o777)
  const outcome = await prepareBinaries().then(
    ({ postgres }) => postgres,
    (error: unknown) => String(error),
  )
  const refusal = /is not a folder that only root can write.*ordinary user/
  expect(outcome).toMatch(isRoot ? refusal : /bin\/postgres$/)
})
