import { fail, redirect } from '@sveltejs/kit'
import type { RequestEvent } from '@sveltejs/kit'
import { message, setError, superValidate } from 'sveltekit-superforms'
import type { SuperValidated } from 'sveltekit-superforms'
import { zod4 } from 'sveltekit-superforms/adapters'
import { z } from 'zod'

import { ApiError } from '../api/api-error.ts'
import { createApi } from '../api/create-api.ts'
import type { Api } from '../api/create-api.ts'
import { explainWith } from '../api/explain-error.ts'
import { loadWords } from '../i18n/load-words.ts'
import { localPath, paths } from '../paths.ts'
import { fieldErrors } from './field-errors.ts'

/** What a form says of its last submission, above its fields. */
export type FormNote<Answer = undefined> =
  | { kind: 'done'; answer: Answer }
  | { kind: 'refused'; sentence: string; requestId: string | undefined }

type FormSchema = z.ZodType<Record<string, unknown>, Record<string, unknown>>

export interface FormSpec<Schema extends FormSchema, Answer> {
  schema: Schema
  /** The act itself, with the form in its wire form. Its answer goes to the page; redirects pass through. */
  act: (api: Api, body: z.input<Schema>) => Promise<Answer>
  /** Fields that never go back to the page, such as passwords. */
  secret?: readonly string[]
}

/** An empty form, or one with values, for `load`. */
export async function emptyForm<Schema extends FormSchema>(
  schema: Schema,
  values?: Partial<z.input<Schema>>,
): Promise<SuperValidated<z.output<Schema>, FormNote>> {
  const adapter = zod4(schema)
  const form =
    values === undefined
      ? await superValidate<z.output<Schema>, FormNote, z.input<Schema>>(adapter)
      : await superValidate<z.output<Schema>, FormNote, z.input<Schema>>(values, adapter, {
          errors: false,
        })
  return form
}

/**
 * One submission: checks the form by the contract's own schema, acts, and tells what came of it. A
 * refusal that names a field stands beside that field, any other above the form.
 */
export async function submitForm<Schema extends FormSchema, Answer>(
  event: RequestEvent,
  { schema, act, secret = [] }: FormSpec<Schema, Answer>,
) {
  const { language } = event.locals.choice
  const words = await loadWords(language, 'errors')
  const adapter = zod4(schema, { error: fieldErrors(words, language) })
  const form = await superValidate<z.output<Schema>, FormNote<Answer>, z.input<Schema>>(
    event,
    adapter,
  )
  const body = form.valid ? z.encode(schema, form.data) : undefined
  for (const field of secret) Reflect.set(form.data, field, '')
  if (body === undefined) return fail(400, { form })
  try {
    const answer = await act(createApi(event.fetch), body)
    return message(form, { kind: 'done', answer })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code === 'invalid_session') {
      redirect(303, paths.login(localPath(`${event.url.pathname}`)))
    }
    const { sentence, requestId } = explainWith(words, { error, language })
    if (error.param !== undefined && error.param in form.data) {
      return setError(form, asField(error.param), sentence)
    }
    const status = asErrorStatus(error.status)
    return message(form, { kind: 'refused', sentence, requestId }, { status })
  }
}

// `in` has just shown that the form has this field, and fields of these forms are not nested.
const asField = (param: string) => param as never

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 502

// What the gateway said, as far as it says something to a browser; an unreached gateway is a bad one.
function asErrorStatus(status: number): ErrorStatus {
  const known = [400, 401, 403, 404, 409, 413, 422, 429] as const
  return known.find((one) => one === status) ?? 502
}
