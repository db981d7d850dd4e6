import { z } from 'zod'

/** The error object of every refusal, as OpenAI's API has it. */
export const apiError = z
  .object({
    error: z
      .object({
        message: z.string().meta({ description: 'What is wrong, for a developer.' }),
        type: z.string().meta({
          description: 'The kind, such as `invalid_request_error` or `insufficient_quota`.',
        }),
        param: z.string().nullable().meta({ description: 'The parameter that is wrong.' }),
        code: z.string().nullable().meta({
          description:
            'A code of docs/error-codes.md, or the upstream’s own code where it refused the request.',
        }),
        task_id: z.string().optional().meta({ description: 'The image task, where one exists.' }),
        resets_at: z.string().optional().meta({
          description: 'When a daily quota starts again, ISO 8601 in UTC.',
        }),
      })
      .loose(),
  })
  .meta({ description: 'Every refusal. `x-request-id` of the answer names the request.' })
