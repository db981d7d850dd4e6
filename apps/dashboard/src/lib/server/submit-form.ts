import { fail, redirect } from '@sveltejs/kit'
import type { RequestEvent } from '@sveltejs/kit'
import { message, setError, superValidate } from 'sveltekit-superforms'
import type { SuperValidated } from 'sveltekit-superforms'
import type { ValidationAdapter } from 'sveltekit-superforms/adapters'
import { zod4 } from 'sveltekit-superforms/adapters'
import { z } from 'zod'

import { ApiError } from '../api/api-error.ts'
import { createApi } from '../api/create-api.ts'
import type { Api } from '../api/create-api.ts'
import { explainWith } from '../api/explain-error.ts'
import { loadMessages } from '../i18n/load-messages.ts'
import { localPath, paths, withQuery } from '../paths.ts'
import { fieldErrors } from './field-errors.ts'
import { readForm } from './read-form.ts'

/** The result of the last submission, shown above the fields. */
export type FormNote<Answer = undefined> =
  | { kind: 'done'; answer: Answer }
  | { kind: 'refused'; sentence: string; requestId: string | undefined }

type Fields = Record<string, unknown>
type FormSchema<Out extends Fields, In extends Fields> = z.ZodType<Out, In>

export interface FormSpec<Out extends Fields, In extends Fields, Answer> {
  schema: FormSchema<Out, In>
  /** The action, with the encoded form. Its result is sent to the page; redirects pass through. */
  action: (api: Api, body: In) => Promise<Answer>
  /** Fields that are never sent back to the page, such as passwords. */
  secret?: readonly string[]
  /** For users who are not signed in: login, register. */
  isOpen?: true
}

/** The initial form, empty or with the values of the edited object; for `load`. */
export async function emptyForm<Out extends Fields, In extends Fields>(
  schema: FormSchema<Out, In>,
  values: Partial<In> = {},
): Promise<SuperValidated<Out, FormNote<unknown>, In>> {
  return superValidate(values, adapterOf(schema), { errors: false })
}

/**
 * Handles one submission: validates the form by the contract's schema, runs the action and returns the result.
 * An error that names a field is shown at that field, any other above the form.
 */
export async function submitForm<Out extends Fields, In extends Fields, Answer>(
  event: RequestEvent,
  spec: FormSpec<Out, In, Answer>,
) {
  const { language } = event.locals.choice
  const messages = await loadMessages(language, 'errors')
  const { schema, action, secret = [], isOpen = false } = spec
  const adapter = adapterOf(schema, { error: fieldErrors(messages, language) })
  const api = createApi(event.fetch)
  // Without a session the form is not even read, because validation costs CPU time.
  if (!isOpen) await checkSignedIn(event, api)
  const fields = await readForm(event.request)
  const form = await superValidate<Out, FormNote<Answer>, In>(fields, adapter)
  const body = form.valid ? z.encode(schema, form.data) : undefined
  for (const field of secret) Reflect.set(form.data, field, '')
  if (body === undefined) return fail(400, { form })
  try {
    const answer = await action(api, body)
    return message(form, { kind: 'done', answer })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code === 'invalid_session') {
      redirect(303, paths.login(localPath(pageOf(event.url))))
    }
    const { sentence, requestId } = explainWith(messages, { error, language })
    if (error.param !== undefined && error.param in form.data) {
      return setError(form, asField(error.param), sentence)
    }
    const status = asErrorStatus(error.status)
    return message(form, { kind: 'refused', sentence, requestId }, { status })
  }
}

/** Redirects to the login page without a session. Throws any other error of the gateway. */
async function checkSignedIn({ url }: RequestEvent, api: Api): Promise<void> {
  try {
    await api.getMe()
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'invalid_session')) throw error
    redirect(303, paths.login(localPath(pageOf(url))))
  }
}

/** The page of a form: its address without the name of the action. */
function pageOf({ pathname, searchParams }: URL): string {
  const query = [...searchParams].filter(([name]) => !name.startsWith('/'))
  return withQuery(pathname, Object.fromEntries(query))
}

// The adapter infers the same two types from the schema in another way than z.ZodType.
const adapterOf = <Out extends Fields, In extends Fields>(
  schema: FormSchema<Out, In>,
  options?: { error: z.core.$ZodErrorMap },
) => zod4(schema, options) as unknown as ValidationAdapter<Out, In>

// Checked with `in` before; fields of these forms are not nested.
const asField = (param: string) => param as never

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 502

// The gateway's status if it is an HTTP error status; 502 for an unreachable gateway.
function asErrorStatus(status: number): ErrorStatus {
  const known = [400, 401, 403, 404, 409, 413, 422, 429] as const
  return known.find((one) => one === status) ?? 502
}
