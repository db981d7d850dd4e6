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

/** What a form says of its last submission, above its fields. */
export type FormNote<Answer = undefined> =
  | { kind: 'done'; answer: Answer }
  | { kind: 'refused'; sentence: string; requestId: string | undefined }

type Fields = Record<string, unknown>
type FormSchema<Out extends Fields, In extends Fields> = z.ZodType<Out, In>

export interface FormSpec<Out extends Fields, In extends Fields, Answer> {
  schema: FormSchema<Out, In>
  /** The act itself, with the form in its wire form. Its answer goes to the page; redirects pass through. */
  action: (api: Api, body: In) => Promise<Answer>
  /** Fields that never go back to the page, such as passwords. */
  secret?: readonly string[]
  /** For people who are not signed in: login, register. */
  isOpen?: true
}

/** A form as it first stands, empty or with the values of what is edited; for `load`. */
export async function emptyForm<Out extends Fields, In extends Fields>(
  schema: FormSchema<Out, In>,
  values: Partial<In> = {},
): Promise<SuperValidated<Out, FormNote<unknown>, In>> {
  return superValidate(values, adapterOf(schema), { errors: false })
}

/**
 * One submission: checks the form by the contract's own schema, acts, and tells what came of it. A
 * refusal that names a field stands beside that field, any other above the form.
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
  // Nobody's form is not even read: what a schema costs is for people who are signed in.
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

/** Leads to login, and back, who is not signed in. Throws what else the gateway refuses. */
async function checkSignedIn({ url }: RequestEvent, api: Api): Promise<void> {
  try {
    await api.getMe()
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'invalid_session')) throw error
    redirect(303, paths.login(localPath(pageOf(url))))
  }
}

/** The page that a form stands on: its address without the name of the action. */
function pageOf({ pathname, searchParams }: URL): string {
  const storage = [...searchParams].filter(([name]) => !name.startsWith('/'))
  return withQuery(pathname, Object.fromEntries(storage))
}

// The adapter infers the same two types from the schema, by another road than z.ZodType's own.
const adapterOf = <Out extends Fields, In extends Fields>(
  schema: FormSchema<Out, In>,
  options?: { error: z.core.$ZodErrorMap },
) => zod4(schema, options) as unknown as ValidationAdapter<Out, In>

// `in` has just shown that the form has this field, and fields of these forms are not nested.
const asField = (param: string) => param as never

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 502

// What the gateway said, as far as it says something to a browser; an unreached gateway is a bad one.
function asErrorStatus(status: number): ErrorStatus {
  const known = [400, 401, 403, 404, 409, 413, 422, 429] as const
  return known.find((one) => one === status) ?? 502
}
