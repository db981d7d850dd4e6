import sharp from 'sharp'

import type { PanelUser } from './environment.ts'

export interface PictureFile {
  name: string
  mimeType: string
  buffer: Buffer
}

/** A small single-colour picture as a file. */
export async function pictureFile(name: string, colour: string): Promise<PictureFile> {
  const plain = { width: 64, height: 64, channels: 3, background: colour } as const
  const buffer = await sharp({ create: plain }).png().toBuffer()
  return { name, mimeType: 'image/png', buffer }
}

/** Pastes or drops a file on the page. */
export async function addReferenceFile(
  { page }: Pick<PanelUser, 'page'>,
  { by, file }: { by: 'paste' | 'drop'; file: PictureFile },
): Promise<void> {
  const { name, mimeType: type } = file
  const input = JSON.stringify({ name, type, base64: file.buffer.toString('base64') })
  // A string, because it runs in the page; the system clipboard is not accessible.
  await page.evaluate(`(({ name, type, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const transfer = new DataTransfer()
    transfer.items.add(new File([bytes], name, { type }))
    const spec = { bubbles: true, cancelable: true }
    const target = document.activeElement ?? document.body
    if ('${by}' === 'paste') {
      target.dispatchEvent(new ClipboardEvent('paste', { ...spec, clipboardData: transfer }))
    } else {
      target.dispatchEvent(new DragEvent('dragover', { ...spec, dataTransfer: transfer }))
      target.dispatchEvent(new DragEvent('drop', { ...spec, dataTransfer: transfer }))
    }
  })(${input})`)
}
