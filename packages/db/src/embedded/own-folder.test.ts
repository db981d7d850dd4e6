import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { ownFolder } from './own-folder.ts'

let place: string
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'own-folder-'))
})
afterEach(() => rm(place, { recursive: true, force: true }))

it('makes the folder, closed to other users', async () => {
  const folder = join(place, 'a', 'data')
  await ownFolder(folder)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
})

it('says which setting to change where the folder cannot be made', async () => {
  await writeFile(join(place, 'file'), '')
  const folder = join(place, 'file', 'data')
  await expect(ownFolder(folder)).rejects.toThrow(
    new RegExp(`^${folder} cannot be made .*Set SLUICE_DATA_DIR to a folder that you may write to`),
  )
})
