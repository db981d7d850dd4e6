import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { blobStoreContract } from './blob-store.contract.ts'
import type { BlobStore } from './blob-store.ts'
import { locationOf } from './disk/location-of.ts'
import { createDiskBlobStore } from './disk-blob-store.ts'

const PNG = { contentType: 'image/png', bytesMax: 1_000_000 }

describe('the disk blob store', () => {
  let root: string
  let folder: string
  let number = 0
  beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'blobs-'))))
  afterAll(() => rm(root, { recursive: true }))
  const open = (clock = fakeClock()) => createDiskBlobStore({ folder, clock, random: systemRandom })
  const fileOf = (key: string) => join(folder, locationOf(key).folder, locationOf(key).file)
  beforeEach(() => {
    number += 1
    folder = join(root, `${number}`, 'made-when-needed')
  })

  blobStoreContract(async ({ clock }) => open(clock))

  it('shows another process what it stored', async () => {
    await open().put('jobs/a/parts/0', Buffer.from('picture'), PNG)
    expect(Buffer.from((await open().read('jobs/a/parts/0')) ?? []).toString()).toBe('picture')
  })

  it('keeps a file that other programs read from its start', async () => {
    await open().put('a', Buffer.from('picture'), { ...PNG, note: 'seen' })
    expect((await readFile(fileOf('a'))).subarray(0, 7).toString()).toBe('picture')
  })

  it('keeps files and folders from other users, those of an older release too', async () => {
    await mkdir(join(folder, locationOf('a').folder), { recursive: true, mode: 0o755 })
    await mkdir(join(folder, 'tmp'), { mode: 0o777 })
    const before = process.umask(0)
    onTestFinished(() => void process.umask(before))
    const store = open()
    for (const key of ['a', 'jobs/b/parts/0']) await store.put(key, Buffer.from('picture'), PNG)
    const modes = await Promise.all(
      [
        folder,
        ...(await readdir(folder, { recursive: true })).map((name) => join(folder, name)),
      ].map(async (path) => {
        const facts = await stat(path)
        return facts.isDirectory() ? facts.mode & 0o777 : -(facts.mode & 0o777)
      }),
    )
    expect(new Set(modes)).toEqual(new Set([0o700, -0o600]))
  })

  it.each<[string, (store: BlobStore) => Promise<unknown>]>([
    ['read', (store) => store.read('a')],
    ['asked for', (store) => store.stat('a')],
    ['sent', async (store) => (await store.open('a'))?.stream.resume()],
  ])('closes a file of an older release to others when it is %s', async (_how, use) => {
    const store = open()
    await store.put('a', Buffer.from('picture'), PNG)
    await chmod(fileOf('a'), 0o644)
    await use(store)
    expect((await stat(fileOf('a'))).mode & 0o777).toBe(0o600)
  })

  it('leaves nothing behind of a put that failed', async () => {
    const store = open()
    await expect(store.put('a', Buffer.alloc(9), { ...PNG, bytesMax: 1 })).rejects.toThrow(
      '1 bytes',
    )
    await store.put('a', Buffer.from('x'), { ...PNG, ifAbsent: true })
    await store.put('a', Buffer.from('y'), { ...PNG, ifAbsent: true })
    await store.check()
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
  })

  it('removes what a killed process was writing an hour ago, and nothing younger', async () => {
    await open().check()
    for (const [name, hours] of [
      ['old', 2],
      ['young', 0],
    ] as const) {
      await writeFile(join(folder, 'tmp', name), 'half a picture')
      const at = new Date(fakeClock().nowMs() - hours * 3_600_000)
      await utimes(join(folder, 'tmp', name), at, at)
    }
    await open().put('a', Buffer.from('x'), PNG)
    expect(await readdir(join(folder, 'tmp'))).toEqual(['young'])
  })

  describe('with a damaged file', () => {
    let store: BlobStore
    beforeEach(async () => {
      store = open()
      await store.put('a', Buffer.alloc(5_000, 'x'), { ...PNG, note: 'n'.repeat(6_000) })
    })
    it.each([0, 3, 11, 4_000, 9_000, 11_000])('cut to %i bytes says so', async (length) => {
      expect((await stat(fileOf('a'))).size).toBeGreaterThan(length)
      await truncate(fileOf('a'), length)
      await expect(store.read('a')).rejects.toMatchObject({ code: 'internal_error' })
      await expect(store.stat('a')).rejects.toMatchObject({ code: 'internal_error' })
    })

    it('replaces it even for a writer that would leave a whole one', async () => {
      await truncate(fileOf('a'), 100)
      await store.put('a', Buffer.from('new'), { ...PNG, ifAbsent: true })
      expect((await store.stat('a'))?.bytes).toBe(3)
    })
  })

  it('is unavailable while its folder cannot be written', async () => {
    await writeFile(join(root, 'a-file'), '')
    folder = join(root, 'a-file')
    const away = { code: 'unavailable' }
    await expect(open().check()).rejects.toMatchObject(away)
    await expect(open().put('a', Buffer.from('x'), PNG)).rejects.toMatchObject(away)
  })
})
