import { error, redirect } from '@sveltejs/kit'

import type { Language } from '../i18n/languages.ts'
import { localPath, paths } from '../paths.ts'
import { ApiError } from './api-error.ts'
import { createApi } from './create-api.ts'
import type { Api } from './create-api.ts'
import { explainError } from './explain-error.ts'

/** As much of a `load`'s event as is needed; `+page.ts` and `+layout.ts` give theirs. */
export interface LoadEvent {
  fetch: typeof fetch
  url: URL
  parent: () => Promise<{ language: Language }>
  untrack: <Value>(read: () => Value) => Value
}

/**
 * The client for `load`. A refusal becomes the page that tells it: nobody signed in leads to login and
 * back, everything else to the error page with a sentence in the person's language.
 */
export function loadApi(event: LoadEvent): Api {
  const api = createApi(event.fetch)
  return new Proxy(api, {
    get: (target, operation) => {
      const method: unknown = Reflect.get(target, operation)
      if (typeof method !== 'function') return method
      return async (input: unknown) => {
        try {
          return await method(input)
        } catch (cause) {
          throw await pageError(event, cause)
        }
      }
    },
  })
}

async function pageError({ url, parent, untrack }: LoadEvent, cause: unknown): Promise<unknown> {
  if (!(cause instanceof ApiError)) return cause
  if (cause.code === 'invalid_session') {
    const here = untrack(() => localPath(`${url.pathname}${url.search}`))
    return thrown(() => redirect(303, paths.login(here)))
  }
  const { language } = await parent()
  const { sentence, requestId } = await explainError(cause, language)
  const body = { message: sentence, code: cause.code, ...(requestId ? { requestId } : {}) }
  return thrown(() => error(statusOf(cause), body))
}

// SvelteKit's redirect and error only know how to throw.
function thrown(act: () => never): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

// A gateway that is away or speaks nonsense is a bad gateway.
const statusOf = ({ status }: ApiError) => (status >= 400 && status <= 599 ? status : 502)
