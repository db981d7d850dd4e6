import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import type { BlobStore } from '@sluice/blobs/blob-store'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { seededRandom } from '@sluice/kernel/random'
import { expect, onTestFinished, test } from 'vitest'

import { lengthOfPieces, writePieces } from './write-pieces.ts'

const random = seededRandom(7)

/** Answers one request with `answer`, and returns the client's response. */
async function served(answer: (outgoing: ServerResponse) => Promise<void>) {
  const server = createServer((_, outgoing) => {
    answering.resolve(answer(outgoing))
  })
  const answering = Promise.withResolvers<void>()
  answering.promise.catch(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const call = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end()
  const [incoming] = (await once(call, 'response')) as [IncomingMessage]
  return { incoming, answered: answering.promise }
}

const stored = async (bytes: Uint8Array) => {
  const blobs = createMemoryBlobStore({ clock: fakeClock() })
  await blobs.put('a/b', bytes, { contentType: 'image/png', bytesMax: 1e9 })
  return blobs
}

/** The same bytes in chunks of random sizes, as a disk or network may deliver them. */
function inPieces(bytes: Uint8Array): Pick<BlobStore, 'open'> {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.integer(9)
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  const facts = { contentType: 'image/png', bytes: bytes.length, sha256: '', storedAt: new Date(0) }
  return { open: async () => ({ ...facts, stream: Readable.from(chunks) }) }
}

test('the base64 of a picture is independent of chunk sizes and has the announced length', async () => {
  for (let length = 0; length < 60; length += 1) {
    const bytes = random.bytes(length)
    const pieces = [{ text: '{"ä":"' }, { base64Of: 'a/b' }, { text: '"}' }]
    const { incoming, answered } = await served(async (outgoing) => {
      await writePieces({ blobs: inPieces(bytes), outgoing }, pieces)
      outgoing.end()
    })
    const seen = await buffer(incoming)
    await answered
    expect(seen.toString()).toBe(`{"ä":"${Buffer.from(bytes).toString('base64')}"}`)
    expect(seen.length).toBe(lengthOfPieces(pieces, () => length))
  }
})

test('unread output of a slow reader is not buffered', async () => {
  const size = 64 * 1024 * 1024
  const blobs = await stored(new Uint8Array(size))
  let waiting = 0
  const { incoming, answered } = await served(async (outgoing) => {
    const write = outgoing.write.bind(outgoing)
    outgoing.write = (chunk: string) => {
      const taken = write(chunk)
      waiting = Math.max(waiting, outgoing.writableLength - chunk.length)
      return taken
    }
    const chunked = inChunks(blobs, 64 * 1024)
    await writePieces({ blobs: chunked, outgoing }, [{ base64Of: 'a/b' }])
    outgoing.end()
  })
  let seen = 0
  for await (const chunk of incoming) seen += chunk.length
  await answered
  expect(seen).toBe(Math.ceil(size / 3) * 4)
  expect(waiting).toBeLessThan(512 * 1024)
})

test('a disconnected reader ends the writing, and the picture is closed', async () => {
  let closed = false
  const { incoming, answered } = await served(async (outgoing) => {
    const blobs: Pick<BlobStore, 'open'> = {
      open: async () => {
        const blob = await (await stored(new Uint8Array(0))).open('a/b')
        if (!blob) return undefined
        const endless = Readable.from(
          (async function* () {
            for (;;) yield Buffer.alloc(64 * 1024)
          })(),
        )
        endless.once('close', () => (closed = true))
        return { ...blob, stream: endless }
      },
    }
    await writePieces({ blobs, outgoing }, [{ base64Of: 'a/b' }])
  })
  await once(incoming, 'data')
  incoming.destroy()
  await expect(answered).rejects.toMatchObject({ code: 'caller_gone' })
  await expect.poll(() => closed).toBe(true)
})

test('a missing picture is an internal error', async () => {
  const blobs = createMemoryBlobStore({ clock: fakeClock() })
  const { answered } = await served(async (outgoing) => {
    outgoing.flushHeaders()
    await writePieces({ blobs, outgoing }, [{ base64Of: 'a/b' }])
  })
  await expect(answered).rejects.toMatchObject({ code: 'internal_error' })
})

/** Reads a blob in chunks, as a file is read. */
function inChunks(blobs: BlobStore, length: number): Pick<BlobStore, 'open'> {
  return {
    open: async (key) => {
      const blob = await blobs.open(key)
      if (!blob) return undefined
      const bytes = await buffer(blob.stream)
      async function* chunks() {
        for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
      }
      return { ...blob, stream: Readable.from(chunks()) }
    },
  }
}
