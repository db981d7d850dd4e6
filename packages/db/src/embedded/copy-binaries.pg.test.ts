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
let place: string
let binaries: PostgresBinaries
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-binaries-'))
  place = join(home, 'place')
  await mkdir(place)
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
// Each start has a data folder of its own, and its links there.
const placeThem = async () => {
  const linkFolder = join(await mkdtemp(join(home, 'data-')), 'lib')
  return copyBinaries(binaries, { user: chooseUser(home), linkFolder, places: [place] })
}

it('leaves programs where their user can run them, and copies those that root alone can reach', async () => {
  const { postgres } = await placeThem()
  const where = isRoot ? join(place, 'sluice') : join(home, 'private')
  expect(postgres.startsWith(`${where}/`)).toBe(true)
})

it('makes one copy for starts at the same time and for all later ones', async () => {
  const placed = await Promise.all([placeThem(), placeThem(), placeThem()])
  const later = await placeThem()
  expect(new Set([...placed, later].map(({ postgres }) => postgres)).size).toBe(1)
  const copies = isRoot ? await readdir(join(place, 'sluice')) : []
  expect(copies).toHaveLength(isRoot ? 1 : 0)
})

it('replaces a copy of which a part is missing or torn', async () => {
  const { postgres } = await placeThem()
  if (isRoot) await writeFile(postgres, '')
  expect((await placeThem()).postgres).toBe(postgres)
})

it('trusts no copy in a folder that others can write, and says what to do', async () => {
  await mkdir(join(place, 'sluice'))
  await chmod(join(place, 'sluice'), 0o777)
  const outcome = await placeThem().then(
    ({ postgres }) => postgres,
    (error: unknown) => String(error),
  )
  const refusal = /is no folder that only root can write.*ordinary user/
  expect(outcome).toMatch(isRoot ? refusal : /bin\/postgres$/)
})
