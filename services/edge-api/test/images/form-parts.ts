import sharp from 'sharp'

import type { Fixture } from './fixture.ts'

export const EDITS = '/v1/images/edits'
export const MIB = 1024 * 1024

const solidPicture = (width: number, height: number, background = '#aa3311') =>
  sharp({ create: { width, height, channels: 3, background } })
export const png = await solidPicture(48, 32).png().toBuffer()
export const jpeg = await solidPicture(48, 32, '#1133aa').jpeg().toBuffer()
export const webp = await solidPicture(20, 20).webp().toBuffer()
export const maskOf = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .png()
    .toBuffer()
export const mask = await maskOf(48, 32)

export interface Part {
  name: string
  /** Text for a field, bytes for a file. */
  value: string | Uint8Array
  file?: string
  type?: string
}

/** Composes a multipart form byte by byte, since clients write theirs in different ways. */
export function form(parts: readonly Part[], boundary = '----test') {
  const pieces = parts.flatMap(({ name, value, file, type }) => {
    const named = file === undefined ? '' : `; filename="${file}"`
    const typed = type === undefined ? '' : `\r\nContent-Type: ${type}`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${named}${typed}`
    return [Buffer.from(`${head}\r\n\r\n`), Buffer.from(value), Buffer.from('\r\n')]
  })
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
}

export const requiredParts: Part[] = [
  { name: 'model', value: 'gpt-image-2' },
  { name: 'prompt', value: 'paint it blue' },
]
export const file = (name: string, value: Uint8Array, type = 'image/png'): Part => ({
  name,
  value,
  file: 'blob',
  type,
})

export const send = ({ call }: Fixture, body: Uint8Array<ArrayBuffer>, boundary = '----test') =>
  call(EDITS, {
    method: 'POST',
    body,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  })
