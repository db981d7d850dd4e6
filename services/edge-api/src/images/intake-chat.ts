import { AppError, isAppError } from '@sluice/kernel/app-error'
import { readPictureChat } from '@sluice/protocol/images/chat-picture'
import type { Fields } from '@sluice/protocol/images/field-reader'
import { invalid } from '@sluice/protocol/images/field-reader'
import type { ImageCall } from '@sluice/protocol/images/parse-image-call'
import { parseImageCall } from '@sluice/protocol/images/parse-image-call'
import { readPictureSources } from '@sluice/protocol/images/picture-sources'

import type { ImageIntake } from './intake.ts'
import { REFERENCE_BYTES_MAX, REFERENCE_IMAGES_MAX } from './intake.ts'

/**
 * Reads a chat completion request for an image model: the text of its last user message, and the referenced
 * pictures. `ignored` lists the fields of the request that have no effect on a picture.
 */
export function acceptPictureChat(body: Fields): { intake: ImageIntake; ignored: string[] } {
  const { fields, references, ignored } = readPictureChat(body)
  if (references.length > REFERENCE_IMAGES_MAX)
    throw invalid('messages', `takes at most ${REFERENCE_IMAGES_MAX} pictures in the last one`)
  const images = references.flatMap((reference) =>
    readPictureSources(reference, { param: 'messages', countMax: 1 }),
  )
  const intake = {
    call: parseChatCall(fields),
    isEdit: false,
    stored: { images: [], mask: undefined },
    sources: { images, mask: undefined, bytesMax: REFERENCE_BYTES_MAX },
  }
  return { intake, ignored }
}

// The caller sent no `prompt`, so errors about it are reported for `messages`.
function parseChatCall(fields: Fields): ImageCall {
  try {
    return parseImageCall(fields)
  } catch (error) {
    if (!isAppError(error) || error.param !== 'prompt') throw error
    const message = error.message.replace("'prompt'", "The text of 'messages'")
    throw new AppError(error.code, message, { param: 'messages', cause: error })
  }
}
