import { z } from 'zod'

const headerText = z.string().regex(/^[\w.-]{1,100}$/)

/** What an operator may say about a channel of this dialect. Unknown settings are left alone. */
export const openaiSettings = z.looseObject({
  /** The operator's own organisation and project at the upstream. */
  organization: headerText.optional(),
  project: headerText.optional(),
  /** Whether image answers may be streamed; by default, what the model is known to do. */
  streamImages: z.boolean().optional(),
})
