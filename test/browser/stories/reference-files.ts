import sharp from 'sharp'

import type { Visit } from './stage.ts'

export interface PictureFile {
  name: string
  mimeType: string
  buffer: Buffer
}

/** A small picture of one colour, as a file of somebody's own. */
export async function pictureFile(name: string, colour: string): Promise<PictureFile> {
  const plain = { width: 64, height: 64, channels: 3, background: colour } as const
  const buffer = await sharp({ create: plain }).png().toBuffer()
  return { name, mimeType: 'image/png', buffer }
}

/** What a hand does with a file over the page: pastes it, or lets it fall. */
export async function give(
  { page }: Pick<Visit, 'page'>,
  { by, file }: { by: 'paste' | 'drop'; file: PictureFile },
): Promise<void> {
  const { name, mimeType: type } = file
  const given = JSON.stringify({ name, type, base64: file.buffer.toString('base64') })
  // Text, because it runs in the page; a script cannot reach the clipboard of the machine.
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
  })(${given})`)
}
