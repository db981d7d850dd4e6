import { enhance } from '$app/forms'
import type { SubmitFunction } from '$app/forms'
import type { SuperValidated } from 'sveltekit-superforms'

import type { FormNote } from '../server/submit-form.ts'

type Fields = Record<string, unknown>
type Sent<Values extends Fields> = SuperValidated<Values, FormNote<unknown>>

/**
 * The browser's side of a form as small as login's: superforms on the server, SvelteKit's own `enhance`
 * here. Forms of the app that keep lists, drafts or nested values take `superForm`, at ten kilobytes.
 */
export class PlainForm<Values extends Fields> {
  #sent = $state.raw<Sent<Values>>()
  #sending = $state(false)
  /** What stands in the fields. */
  values: Values

  /** `sent` is what became of a submission that came before this page was alive, or without script. */
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
        // Redirects and faults are SvelteKit's own matter.
        await update({ reset: false })
      }
      this.#sending = false
    }
  }
}

// Every action of `submitForm` answers the form it was given.
const formIn = <Values extends Fields>(data: object | undefined) =>
  data && 'form' in data ? (data.form as Sent<Values>) : undefined
