import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { beforeEach, describe, expect, it } from 'vitest'

import type { BlobStore } from './blob-store.ts'

const PNG = { contentType: 'image/png', bytesMax: 1_000_000 }
const bytesOf = (text: string) => new TextEncoder().encode(text)

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** The tests that every blob store must pass. `make` opens an empty one. */
export function blobStoreContract(make: (deps: { clock: FakeClock }) => Promise<BlobStore>): void {
  let store: BlobStore
  let clock: FakeClock
  beforeEach(async () => {
    clock = fakeClock()
    store = await make({ clock })
  })
  const keysOf = async (prefix: string) => {
    const keys: string[] = []
    for await (const { key } of store.walk(prefix)) keys.push(key)
    return keys.sort()
  }

  describe('stores', () => {
    it('the bytes with their type, length, checksum, time and note', async () => {
      const facts = await store.put('jobs/a/parts/0', bytesOf('picture'), { ...PNG, note: 'ü"\n' })
      expect(facts).toEqual({
        contentType: 'image/png',
        bytes: 7,
        sha256: createHash('sha256').update('picture').digest('hex'),
        storedAt: clock.now(),
        note: 'ü"\n',
      })
      expect(await store.stat('jobs/a/parts/0')).toEqual(facts)
      expect(Buffer.from((await store.read('jobs/a/parts/0')) ?? []).toString()).toBe('picture')
    })

    it('all chunks of a stream as one blob', async () => {
      const chunks = Array.from({ length: 50 }, (_none, index) => Buffer.alloc(3_000, index))
      const facts = await store.put('a', Readable.from(chunks), PNG)
      expect(facts.bytes).toBe(150_000)
      expect(Buffer.concat(chunks).equals((await store.read('a')) ?? new Uint8Array())).toBe(true)
    })

    it('empty blobs and notes of many kilobytes', async () => {
      const note = 'n'.repeat(60_000)
      await store.put('a/empty', new Uint8Array(), { ...PNG, note })
      expect(await store.stat('a/empty')).toMatchObject({ bytes: 0, note })
      const opened = await store.open('a/empty')
      expect(opened && (await textOf(opened.stream))).toBe('')
      expect(await store.read('a/empty')).toHaveLength(0)
    })

    it('the newer of two blobs of one key', async () => {
      await store.put('a', bytesOf('older and longer'), PNG)
      await clock.advance(1_000)
      const facts = await store.put('a', bytesOf('new'), { ...PNG, contentType: 'image/webp' })
      expect(await store.stat('a')).toEqual(facts)
      expect(Buffer.from((await store.read('a')) ?? []).toString()).toBe('new')
    })

    it('the older one with ifAbsent, and returns its facts', async () => {
      const first = await store.put('a', bytesOf('first'), { ...PNG, ifAbsent: true, note: '1' })
      await clock.advance(1_000)
      const second = await store.put('a', bytesOf('second'), { ...PNG, ifAbsent: true, note: '2' })
      expect(second).toEqual(first)
      expect(Buffer.from((await store.read('a')) ?? []).toString()).toBe('first')
    })

    it('exactly one of many concurrent puts with ifAbsent', async () => {
      const puts = Array.from({ length: 8 }, (_none, index) =>
        store.put('a/b/c', bytesOf(`picture ${index}`), { ...PNG, ifAbsent: true }),
      )
      const sums = new Set((await Promise.all(puts)).map(({ sha256 }) => sha256))
      expect(sums).toEqual(new Set([(await store.stat('a/b/c'))?.sha256]))
    })
  })

  describe('opens', () => {
    const rangeText = async (range: { start: number; end: number }) => {
      const opened = await store.open('a', range)
      return opened && (await textOf(opened.stream))
    }
    it('the whole blob, or a range with an inclusive end that may exceed the size', async () => {
      await store.put('a', bytesOf('0123456789'), PNG)
      const whole = await store.open('a')
      expect(whole).toMatchObject({ bytes: 10, contentType: 'image/png' })
      expect(whole && (await textOf(whole.stream))).toBe('0123456789')
      expect(await rangeText({ start: 2, end: 4 })).toBe('234')
      expect(await rangeText({ start: 9, end: 9 })).toBe('9')
      expect(await rangeText({ start: 7, end: 1_000 })).toBe('789')
      expect(await rangeText({ start: 10, end: 20 })).toBe('')
    })

    it('a blob that can be read to its end even when it is replaced or removed meanwhile', async () => {
      await store.put('a', bytesOf('old'), PNG)
      const opened = await store.open('a')
      await store.put('a', bytesOf('newer'), PNG)
      await store.remove('a')
      expect(opened && (await textOf(opened.stream))).toBe('old')
    })

    it('nothing for a key that does not exist', async () => {
      expect(await store.open('missing')).toBeUndefined()
      expect(await store.read('missing')).toBeUndefined()
      expect(await store.stat('missing')).toBeUndefined()
      await store.remove('missing')
    })
  })

  describe('refuses', () => {
    const traversals = [
      '../a',
      '/etc/passwd',
      'a//b',
      'a/',
      '',
      'A',
      'a.b',
      'a/../b',
      'a\\b',
      'a,b',
    ]
    it.each([...traversals, 'a\0', 'x'.repeat(201)])('the key %j', async (key) => {
      const refused = { code: 'invalid_value' }
      await expect(store.put(key, bytesOf('x'), PNG)).rejects.toMatchObject(refused)
      await expect(store.open(key)).rejects.toMatchObject(refused)
      await expect(store.read(key)).rejects.toMatchObject(refused)
      await expect(store.stat(key)).rejects.toMatchObject(refused)
      await expect(store.remove(key)).rejects.toMatchObject(refused)
    })

    it('more bytes than the limit, and leaves the stored blob unchanged', async () => {
      await store.put('a', bytesOf('old'), PNG)
      const tooMany = { code: 'body_too_large' }
      const capped = { contentType: 'image/png', bytesMax: 10 }
      await expect(store.put('a', Buffer.alloc(11), capped)).rejects.toMatchObject(tooMany)
      const source = Readable.from([Buffer.alloc(6), Buffer.alloc(6)])
      await expect(store.put('a', source, capped)).rejects.toMatchObject(tooMany)
      expect(source.destroyed).toBe(true)
      expect((await store.stat('a'))?.bytes).toBe(3)
      await store.put('b', Buffer.alloc(10), capped)
    })

    it('a source that fails, and stores none of its bytes', async () => {
      const source = Readable.from(
        (async function* () {
          yield Buffer.from('half')
          throw new Error('the caller disconnected')
        })(),
      )
      await expect(store.put('a', source, PNG)).rejects.toThrow('the caller disconnected')
      expect(await store.stat('a')).toBeUndefined()
    })

    it('a put that is aborted, with the reason of the signal', async () => {
      const stop = new AbortController()
      const endless = new Readable({ read: () => {} })
      endless.push('x')
      const put = store.put('a', endless, { ...PNG, signal: stop.signal })
      stop.abort(new Error('aborted by the test'))
      await expect(put).rejects.toThrow('aborted by the test')
      expect(endless.destroyed).toBe(true)
      expect(await store.stat('a')).toBeUndefined()
    })
  })

  describe('finds', () => {
    it('the blobs below a prefix, and none of a longer sibling prefix', async () => {
      for (const key of [
        'jobs/a/parts/0',
        'jobs/a/parts/1',
        'jobs/ab/parts/0',
        'other',
        'jobs/a',
      ]) {
        await store.put(key, bytesOf(key), PNG)
      }
      expect(await keysOf('jobs/a/')).toEqual(['jobs/a/parts/0', 'jobs/a/parts/1'])
      expect(await keysOf('jobs/')).toHaveLength(4)
      expect(await keysOf('')).toHaveLength(5)
      expect(await keysOf('missing/')).toEqual([])
      expect(() => store.walk('jobs/a')).toThrow('prefix')
    })

    it('the oldest first, stored before a given time, up to the limit', async () => {
      const first = clock.now()
      for (const key of ['j/c', 'j/a', 'j/b']) {
        await store.put(key, bytesOf(key), PNG)
        await clock.advance(1_000)
      }
      expect(await store.list('j/', { limit: 10 })).toEqual(['j/c', 'j/a', 'j/b'])
      expect(await store.list('j/', { limit: 2 })).toEqual(['j/c', 'j/a'])
      const storedBefore = new Date(first.getTime() + 1_000)
      expect(await store.list('j/', { limit: 10, storedBefore })).toEqual(['j/c'])
      await store.remove('j/c')
      expect(await store.list('j/', { limit: 10, storedBefore })).toEqual([])
    })
  })

  it('check() resolves while the store is writable, and leaves no blob', async () => {
    await store.check()
    expect(await keysOf('')).toEqual([])
  })
}
