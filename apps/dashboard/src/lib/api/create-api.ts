import type { WithCredits } from '@sluice/contracts/control/amounts'
import type { Encoded } from '@sluice/contracts/control/operation-types'
import { controlRoutes } from '@sluice/contracts/control/routes'
import type { ControlOperation, ControlRoute } from '@sluice/contracts/control/routes'

import { ApiError, readApiError } from './api-error.ts'

type Routes = typeof controlRoutes

/** Operations that return JSON or nothing; events and bytes are read by their path: `apiPath`. */
export type CallOperation = {
  [Op in ControlOperation]: Routes[Op] extends { answers: string } ? never : Op
}[ControlOperation]

type Named<Name extends string, Value> = [Value] extends [undefined]
  ? unknown
  : Record<never, never> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value }

type BodyOf<Op extends ControlOperation> = Routes[Op] extends { takes: 'pictures' }
  ? Encoded<Op>['body'] | FormData
  : Encoded<Op>['body']

interface CallOptions {
  readonly signal?: AbortSignal
  /** Retries with the same key are executed once. */
  readonly idempotencyKey?: string
}

/** The input of an operation: those of `{ params, query, body }` that it has. */
export type InputOf<Op extends ControlOperation> = Named<'params', Encoded<Op>['params']> &
  Named<'query', Encoded<Op>['query']> &
  Named<'body', BodyOf<Op>> &
  CallOptions

/** Amounts are given in micro-credits and in credits. */
export type AnswerOf<Op extends ControlOperation> = WithCredits<Encoded<Op>['answer']>

/**
 * One method for each operation of the control API. Throws `ApiError`; any other rejection is a bug of the
 * panel or an abort by `signal`.
 */
export type Api = {
  readonly [Op in CallOperation]: Record<never, never> extends InputOf<Op>
    ? (input?: InputOf<Op>) => Promise<AnswerOf<Op>>
    : (input: InputOf<Op>) => Promise<AnswerOf<Op>>
}

/** The client over a `fetch`: SvelteKit's own in `load`, the browser's elsewhere. */
export function createApi(fetch: typeof globalThis.fetch): Api {
  const methods = new Map<string, (input?: AnyInput) => Promise<unknown>>()
  for (const [operation, route] of Object.entries<ControlRoute>(controlRoutes)) {
    if (!route.answers) methods.set(operation, (input) => withHandler(call(fetch, route, input)))
  }
  return asApi(Object.fromEntries(methods))
}

/**
 * A `load` that starts a call early may be abandoned (its parent redirects) before it awaits the response. A
 * later rejection would then be unhandled and end the server process.
 */
function withHandler<Answer>(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => undefined)
  return answer
}

// The methods are built from the same table as their types.
const asApi = (methods: object) => methods as Api

interface AnyInput extends CallOptions {
  readonly params?: object
  readonly query?: object
  readonly body?: unknown
}

/** The path of an operation on this origin: for links, pictures and EventSource. */
export function apiPath<Op extends ControlOperation>(
  operation: Op,
  input: Pick<InputOf<Op>, keyof InputOf<Op> & ('params' | 'query')>,
): string {
  return pathOf(controlRoutes[operation], input)
}

function pathOf(route: ControlRoute, { params = {}, query = {} }: AnyInput): string {
  const path = route.path.replaceAll(/:([a-z_]+)/g, (_, name: string) => {
    const value: unknown = Reflect.get(params, name)
    if (value === undefined) throw new Error(`${route.path} needs ${name}`)
    return encodeURIComponent(String(value))
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value))
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`
}

async function call(
  fetch: typeof globalThis.fetch,
  route: ControlRoute,
  input: AnyInput = {},
): Promise<unknown> {
  const { signal } = input
  const answer = await send(fetch, route, input)
  if (!answer.ok) throw await readApiError(answer)
  if (answer.status === 204) return undefined
  try {
    return await answer.json()
  } catch (cause) {
    if (signal?.aborted) throw cause
    const { status } = answer
    throw new ApiError('The answer is not JSON.', { code: 'unreadable', status, cause })
  }
}

async function send(
  fetch: typeof globalThis.fetch,
  route: ControlRoute,
  input: AnyInput,
): Promise<Response> {
  const { body, signal, idempotencyKey } = input
  const headers = new Headers({ accept: 'application/json' })
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
  const isForm = body instanceof FormData
  if (body !== undefined && !isForm) headers.set('content-type', 'application/json')
  try {
    return await fetch(pathOf(route, input), {
      method: route.method,
      headers,
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new ApiError('The gateway cannot be reached.', { code: 'network', status: 0, cause })
  }
}
