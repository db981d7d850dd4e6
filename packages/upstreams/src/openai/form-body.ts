import { Readable } from 'node:stream'

export type FormPart =
  | { name: string; text: string }
  | { name: string; fileName: string; contentType: string; bytes: Uint8Array }

export interface FormBody {
  contentType: string
  contentLength: number
  /** Yields the bytes of the parts without concatenating them. */
  stream: Readable
}

/**
 * A `multipart/form-data` body (RFC 7578) of known length. Names, file names and types must not contain
 * caller input; `boundary` is random, since it must not occur in any part. Pure except for the stream.
 */
export function formBody({
  parts,
  boundary,
}: {
  parts: readonly FormPart[]
  boundary: string
}): FormBody {
  const chunks: Uint8Array[] = []
  for (const part of parts) {
    chunks.push(Buffer.from(headOf(part, boundary)))
    chunks.push('text' in part ? Buffer.from(part.text) : part.bytes, lineEnd)
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
    // Instead of the default of 16 items: each item may be an image of 50 MiB.
    stream: Readable.from(chunks, { objectMode: true, highWaterMark: 1 }),
  }
}

const lineEnd = Buffer.from('\r\n')

function headOf(part: FormPart, boundary: string): string {
  const disposition = `--${boundary}\r\ncontent-disposition: form-data; name="${part.name}"`
  if ('text' in part) return `${disposition}\r\n\r\n`
  return `${disposition}; filename="${part.fileName}"\r\ncontent-type: ${part.contentType}\r\n\r\n`
}
