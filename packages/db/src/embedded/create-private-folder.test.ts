import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { createPrivateFolder } from './create-private-folder.ts'

let parent: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'create-private-folder-'))
})
afterEach(() => rm(parent, { recursive: true, force: true }))

it('creates the folder without access for other users', async () => {
  const folder = join(parent, 'a', 'data')
  await createPrivateFolder(folder)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
})

it('names the setting to change when the folder cannot be created', async () => {
  await writeFile(join(parent, 'file'), '')
  const folder = join(parent, 'file', 'data')
  await expect(createPrivateFolder(folder)).rejects.toThrow(
    new RegExp(
      `^${folder} cannot be created .*Set SLUICE_DATA_DIR to a folder that you may write to`,
    ),
  )
})
