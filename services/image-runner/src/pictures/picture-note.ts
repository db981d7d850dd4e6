import type { BlobFacts } from '@sluice/blobs/blob-store'
import type { StoredPart } from '@sluice/contracts/events'
import { storedPart } from '@sluice/contracts/events'
import type { GeneratedPicture } from '@sluice/upstreams/upstream'
import { z } from 'zod'

/** What bytes do not say of themselves, and whoever finds a stored picture must know. */
const pictureNote = storedPart
  .pick({ facts: true, revisedPrompt: true, tokens: true })
  // Tells one drawing of a part from another.
  .extend({ generating: z.string() })

export function writePictureNote(picture: GeneratedPicture, generating: string): string {
  const { facts, revisedPrompt, tokens } = picture
  return JSON.stringify({ generating, facts, revisedPrompt, tokens })
}

/** The part that a stored blob is, and which drawing of it; undefined when it does not say. Pure. */
export function readPictureNote(
  { index, blobKey }: { index: number; blobKey: string },
  { bytes, sha256, note }: BlobFacts,
): { part: StoredPart; generating: string } | undefined {
  const read = pictureNote.safeParse(parseJson(note ?? ''))
  if (!read.success) return undefined
  const { generating, ...known } = read.data
  return { part: { index, blobKey, bytes, sha256, ...known }, generating }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
