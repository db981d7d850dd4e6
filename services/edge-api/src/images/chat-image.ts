import { AppError } from '@sluice/kernel/app-error'

import type { Door } from '../door.ts'
import type { ChatImageRequest } from '../request.ts'

/**
 * Answers a chat completion that names an image model with the picture. Throws an AppError as long as
 * nothing was written.
 */
export async function answerChatWithImage(_door: Door, request: ChatImageRequest): Promise<void> {
  throw new AppError('unsupported_parameter', `'${request.model}' draws pictures only.`, {
    param: 'model',
  })
}
