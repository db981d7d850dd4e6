import { enhance } from '$app/forms'
import type { SubmitFunction } from '$app/forms'
import type { SuperValidated } from 'sveltekit-superforms'

import type { FormNote } from '../server/submit-form.ts'

type Fields = Record<string, unknown>
type Sent<Values extends Fields> = SuperValidated<Values, FormNote<unknown>>

/**
 * The client side of a small form such as login: superforms on the server, SvelteKit's `enhance` here. Forms
 * with lists, drafts or nested values use `superForm`, which adds ten kilobytes.
 */
export class PlainForm<Values extends Fields> {
  #sent = $state.raw<Sent<Values>>()
  #sending = $state(false)
  /** The values of the fields. */
  values: Values

  /** `sent` is the result of a submission made before hydration or without script. */
  constructor(form: Sent<Values>, sent?: { form: Sent<Values> } | null) {
    this.#sent = sent?.form ?? form
    this.values = $state(this.#sent.data)
  }

  get errors(): Partial<Sent<Values>['errors']> {
    return this.#sent?.errors ?? {}
  }

  get note(): FormNote<unknown> | undefined {
    return this.#sent?.message
  }

  get sending(): boolean {
    return this.#sending
  }

  /** `<form method="POST" {@attach form.attach}>`. */
  readonly attach = (element: HTMLFormElement): (() => void) =>
    enhance(element, this.#submit).destroy

  readonly #submit: SubmitFunction = () => {
    this.#sending = true
    return async ({ result, update }) => {
      if (result.type === 'success' || result.type === 'failure') {
        const form = formIn<Values>(result.data)
        if (form) {
          this.#sent = form
          this.values = form.data
        }
      } else {
        // SvelteKit handles redirects and errors.
        await update({ reset: false })
      }
      this.#sending = false
    }
  }
}

// Every action of `submitForm` returns the submitted form.
const formIn = <Values extends Fields>(data: object | undefined) =>
  data && 'form' in data ? (data.form as Sent<Values>) : undefined
