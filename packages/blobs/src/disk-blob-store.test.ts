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
    folder = join(root, `${number}`, 'created-on-first-use')
  })

  blobStoreContract(async ({ clock }) => open(clock))

  it('another process reads what one process stored', async () => {
    await open().put('jobs/a/parts/0', Buffer.from('picture'), PNG)
    expect(Buffer.from((await open().read('jobs/a/parts/0')) ?? []).toString()).toBe('picture')
  })

  it('the file of a blob begins with its bytes, so that other programs can open it', async () => {
    await open().put('a', Buffer.from('picture'), { ...PNG, note: 'seen' })
    expect((await readFile(fileOf('a'))).subarray(0, 7).toString()).toBe('picture')
  })

  it('files and folders, also those of an older release, are accessible to the owner only', async () => {
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
    ['looked up', (store) => store.stat('a')],
    ['opened', async (store) => (await store.open('a'))?.stream.resume()],
  ])('restricts a file of an older release to the owner when it is %s', async (_how, use) => {
    const store = open()
    await store.put('a', Buffer.from('picture'), PNG)
    await chmod(fileOf('a'), 0o644)
    await use(store)
    expect((await stat(fileOf('a'))).mode & 0o777).toBe(0o600)
  })

  it('a failed put leaves no temporary file', async () => {
    const store = open()
    await expect(store.put('a', Buffer.alloc(9), { ...PNG, bytesMax: 1 })).rejects.toThrow(
      '1 bytes',
    )
    await store.put('a', Buffer.from('x'), { ...PNG, ifAbsent: true })
    await store.put('a', Buffer.from('y'), { ...PNG, ifAbsent: true })
    await store.check()
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
  })

  it('removes temporary files older than an hour, and no younger ones', async () => {
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

  describe('a damaged file', () => {
    let store: BlobStore
    beforeEach(async () => {
      store = open()
      await store.put('a', Buffer.alloc(5_000, 'x'), { ...PNG, note: 'n'.repeat(6_000) })
    })
    it.each([0, 3, 11, 4_000, 9_000, 11_000])(
      'truncated to %i bytes is reported as internal_error',
      async (length) => {
        expect((await stat(fileOf('a'))).size).toBeGreaterThan(length)
        await truncate(fileOf('a'), length)
        await expect(store.read('a')).rejects.toMatchObject({ code: 'internal_error' })
        await expect(store.stat('a')).rejects.toMatchObject({ code: 'internal_error' })
      },
    )

    it('is replaced by a put with ifAbsent', async () => {
      await truncate(fileOf('a'), 100)
      await store.put('a', Buffer.from('new'), { ...PNG, ifAbsent: true })
      expect((await store.stat('a'))?.bytes).toBe(3)
    })
  })

  it('is unavailable while its folder cannot be written', async () => {
    await writeFile(join(root, 'a-file'), '')
    folder = join(root, 'a-file')
    const unavailable = { code: 'unavailable' }
    await expect(open().check()).rejects.toMatchObject(unavailable)
    await expect(open().put('a', Buffer.from('x'), PNG)).rejects.toMatchObject(unavailable)
  })
})
