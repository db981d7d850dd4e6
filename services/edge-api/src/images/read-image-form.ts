import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

import { Busboy } from '@fastify/busboy'
import type { BusboyHeaders } from '@fastify/busboy'
import { AppError } from '@sluice/kernel/app-error'
import { formNameCheck } from '@sluice/protocol/images/check-names'
import type { Fields } from '@sluice/protocol/images/field-reader'
import { invalid } from '@sluice/protocol/images/field-reader'

import { bodyChunks } from './read-image-body.ts'
import type { ReadBodyDeps } from '../http/read-body.ts'

const FIELDS_MAX = 100
const PARTS_MAX = 130
const FIELD_NAME_BYTES_MAX = 100
/** A prompt of 32,000 characters has at most four bytes for each. */
const FIELD_BYTES_MAX = 128 * 1024
const PART_HEADER_BYTES_MAX = 8 * 1024

/** Called for each file part; must read it to its end, or reject. */
export type TakeFile = (file: { field: string; bytes: Readable }) => Promise<void>

/**
 * Reads `multipart/form-data` as it arrives: files are passed to `takeFile` one after the other, text fields
 * are returned. Parts may come in any order. Rejects with an AppError after aborting every open file; the
 * request itself stays open, so that it can be answered.
 */
export async function readForm(
  deps: ReadBodyDeps,
  { incoming, takeFile }: { incoming: IncomingMessage; takeFile: TakeFile },
): Promise<Fields> {
  const parser = openParser(incoming)
  const form = collectParts(parser, takeFile)
  try {
    await Promise.race([
      feed(bodyChunks(deps, incoming), { parser, broken: form.broken }),
      form.broken,
    ])
    await Promise.race([form.read, form.broken])
    return form.fields()
  } catch (error) {
    form.abandon(error)
    throw error
  } finally {
    await form.settled()
  }
}

function openParser(incoming: IncomingMessage): Busboy {
  try {
    return new Busboy({
      headers: withContentType(incoming),
      // Read as bytes: the parser's own decoding replaces invalid UTF-8 by U+FFFD, which hides it.
      isPartAFile: () => true,
      limits: {
        parts: PARTS_MAX,
        headerSize: PART_HEADER_BYTES_MAX,
        headerPairs: 20,
      },
    })
  } catch (cause) {
    throw new AppError('invalid_value', 'The Content-Type of a form must name its boundary.', {
      param: 'Content-Type',
      cause,
    })
  }
}

// Some clients send files without a file name; these field names mark files as well.
const isFile = ({ field, fileName, type }: { field: string; fileName: unknown; type: string }) =>
  fileName !== undefined ||
  type === 'application/octet-stream' ||
  /^(?:image|mask|markup)(?:\[|$)/.test(field)

/** Reads a text field to its end. Throws `invalid_value` for one that is too long or not UTF-8. */
async function readText(field: string, source: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > FIELD_BYTES_MAX) throw invalid(field, 'is too long')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks)
  if (!isUtf8(text)) throw invalid(field, 'is not valid UTF-8')
  return text.toString()
}

function withContentType({ headers }: IncomingMessage): BusboyHeaders {
  return { ...headers, 'content-type': headers['content-type'] ?? '' }
}

async function feed(
  chunks: AsyncIterable<Buffer>,
  { parser, broken }: { parser: Busboy; broken: Promise<never> },
): Promise<void> {
  for await (const chunk of chunks) {
    if (parser.destroyed) return
    // Backpressure: a slow blob store slows the caller.
    if (!parser.write(chunk)) await Promise.race([drained(parser), broken])
  }
  parser.end()
}

const drained = (parser: Busboy) =>
  new Promise<void>((resolve) => void parser.once('drain', () => resolve()))

function collectParts(parser: Busboy, takeFile: TakeFile) {
  const fields = new Map<string, string>()
  const open = new Set<Readable>()
  const takes: Promise<void>[] = []
  const end = Promise.withResolvers<void>()
  const breakage = Promise.withResolvers<never>()
  // Prevents an unhandled rejection when it rejects before anything awaits it.
  breakage.promise.catch(() => undefined)
  const fail = (error: unknown) => breakage.reject(error)
  const check = formNameCheck()

  let textFields = 0
  const takeText = async (field: string, source: Readable) => {
    textFields += 1
    if (textFields > FIELDS_MAX) throw tooManyParts()
    if (Buffer.byteLength(field) > FIELD_NAME_BYTES_MAX) throw invalid(field, 'is too long a name')
    // The parser replaces bytes that are not UTF-8 by U+FFFD.
    if (field.includes('\uFFFD')) throw invalid('body', 'has a field name that is not UTF-8')
    check.field(field)
    fields.set(field, await readText(field, source))
  }
  parser.on('file', (name, source, fileName: string | undefined, _encoding, type) => {
    const field = name ?? ''
    open.add(source)
    source.once('close', () => open.delete(source))
    source.on('error', () => undefined)
    const take = async () => {
      if (!isFile({ field, fileName, type })) return takeText(field, source)
      check.file(field)
      await takeFile({ field, bytes: source })
    }
    takes.push(take().catch(fail))
  })
  parser.on('partsLimit', () => fail(tooManyParts()))
  parser.on('error', (cause) => fail(cutForm(cause)))
  parser.once('finish', () => end.resolve())

  return {
    // Go clients send unset numbers as 0.
    fields: () =>
      Object.fromEntries([...fields].filter(([name, value]) => name !== 'n' || value !== '0')),
    /** Rejects with the first error; never resolves. */
    broken: breakage.promise,
    read: end.promise.then(() => Promise.all(takes)),
    abandon: (error: unknown) => {
      const reason = error instanceof Error ? error : new Error('form refused', { cause: error })
      for (const bytes of open) bytes.destroy(reason)
      parser.destroy()
    },
    settled: () => Promise.allSettled(takes),
  }
}

const tooManyParts = () => new AppError('invalid_value', 'The form has too many parts.')

const cutForm = (cause: unknown) =>
  new AppError('invalid_value', 'The form is damaged, or ends before its last boundary.', {
    param: 'body',
    cause,
  })
