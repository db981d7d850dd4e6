import type { BlobFacts } from '@sluice/blobs/blob-store'
import type { StoredPart } from '@sluice/contracts/events'
import { storedPart } from '@sluice/contracts/events'
import type { GeneratedPicture } from '@sluice/upstreams/upstream'
import { z } from 'zod'

/** Data that is stored with a blob, because the next holder cannot derive it from the bytes. */
const pictureNote = storedPart
  .pick({ facts: true, revisedPrompt: true, tokens: true })
  // The id of the generation of the part.
  .extend({ generating: z.string() })

export function writePictureNote(picture: GeneratedPicture, generationId: string): string {
  const { facts, revisedPrompt, tokens } = picture
  return JSON.stringify({ generating: generationId, facts, revisedPrompt, tokens })
}

/** The part of a stored blob and the id of its generation; undefined without a valid note. Pure. */
export function readPictureNote(
  { index, blobKey }: { index: number; blobKey: string },
  { bytes, sha256, note }: BlobFacts,
): { part: StoredPart; generationId: string } | undefined {
  const read = pictureNote.safeParse(parseJson(note ?? ''))
  if (!read.success) return undefined
  const { generating: generationId, ...known } = read.data
  return { part: { index, blobKey, bytes, sha256, ...known }, generationId }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
