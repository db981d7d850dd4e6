import { z } from 'zod'

export const apiModel = z
  .object({
    id: z.string().meta({ description: 'The name to send as `model`.' }),
    object: z.literal('model'),
    created: z.int().meta({ description: 'Unix seconds; the same for every model.' }),
    owned_by: z.literal('sluice'),
  })
  .meta({ description: 'A model that this API key may use.' })

export const apiModelList = z.object({ object: z.literal('list'), data: z.array(apiModel) })
