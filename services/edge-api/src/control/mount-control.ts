import type { IncomingMessage } from 'node:http'

import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { withCredits } from '@sluice/contracts/control/amounts'
import type { OperationSchemas } from '@sluice/contracts/control/operations'
import { controlOperations } from '@sluice/contracts/control/operations'
import { hasPermission } from '@sluice/contracts/control/permissions'
import type { ControlOperation, ControlRoute } from '@sluice/contracts/control/routes'
import { controlRoutes } from '@sluice/contracts/control/routes'
import { AppError } from '@sluice/kernel/app-error'
import { renderError } from '@sluice/protocol/error-envelope'
import { readIdempotencyKey } from '@sluice/service-kit/http/idempotency-key'

import { readJsonFields } from '../images/read-image-body.ts'
import type { SessionPrincipal } from '../identity/identity.ts'
import { holdUntilAnswered } from '../intake-limits.ts'
import type { EdgeApp, EdgeContext } from '../http/request.ts'
import { callsPerUser } from './calls-per-user.ts'
import { checkSameOrigin } from './check-origin.ts'
import type { ControlDeps } from './control-deps.ts'
import type { ControlCall, ControlHandlers } from './handlers.ts'
import { pathOfNul } from './path-of-nul.ts'
import { CONTROL_BODY_BYTES_MAX, checked, queryFields } from './read-call.ts'

/** Mounts every operation of the control API, by the route table. */
export function mountControl(app: EdgeApp, deps: ControlDeps, handlers: ControlHandlers): void {
  const bounded = callsPerUser()
  for (const operation of Object.keys(controlRoutes) as ControlOperation[]) {
    const route: ControlRoute = controlRoutes[operation]
    const schemas: OperationSchemas = controlOperations[operation]
    app.on(route.method, route.path, async (context) => {
      const run = looselyTyped(handlers[operation])
      try {
        const response = await answer({ deps, route, schemas, run, bounded }, context)
        const sent =
          response === RESPONSE_ALREADY_SENT ? context.env.outgoing.statusCode : undefined
        deps.count(operation, sent ?? response.status)
        return response
      } catch (error) {
        deps.count(operation, renderError(error).status)
        throw error
      }
    })
  }
}

type AnyCall = ControlCall<ControlOperation>
type AnyHandler = (call: AnyCall) => Promise<unknown>

// The table pairs each handler with its own schemas, so every handler receives the call that it expects.
const looselyTyped = (handler: unknown) => handler as AnyHandler

interface Mounted {
  deps: ControlDeps
  route: ControlRoute
  schemas: OperationSchemas
  run: AnyHandler
  bounded: ReturnType<typeof callsPerUser>
}

const PRIVATE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Checks authentication, origin, authorization and input, in this order; then runs the operation. */
async function answer(mounted: Mounted, context: EdgeContext): Promise<Response> {
  const { deps, route, schemas, run, bounded } = mounted
  const { incoming, outgoing } = context.env
  const receivedAtMs = deps.clock.nowMs()
  const requestId = deps.assignRequestId(context)
  // On the socket's own response, so that errors and streams have these headers too.
  for (const [name, value] of Object.entries(PRIVATE_HEADERS)) outgoing.setHeader(name, value)
  if (route.answers === 'events' && incoming.method === 'HEAD')
    throw new AppError('method_not_allowed', 'Events can be read with GET only.')
  const session = route.access === 'anyone' ? undefined : await deps.authenticate(incoming.headers)
  checkCsrf(mounted, incoming)
  checkAllowed(route, session)
  const disconnected = new AbortController()
  outgoing.once('close', () =>
    disconnected.abort(new AppError('caller_gone', 'The caller disconnected.')),
  )
  const extra = new Headers()
  const call = {
    session,
    ...(await countedInput(mounted, context, session)),
    idempotencyKey: route.idempotency && readIdempotencyKey(incoming.headers),
    requestId,
    receivedAtMs,
    address: deps.addressOf(incoming),
    incoming,
    outgoing,
    addHeader: (name: string, value: string) => extra.append(name, value),
    signal: disconnected.signal,
  }
  // Streams are long-lived; the operation limits their number itself.
  if (route.answers === 'events') {
    await run(asCall(call))
    return RESPONSE_ALREADY_SENT
  }
  const work = () => run(asCall(call))
  const result = session ? await bounded(session.userId, work) : await work()
  if (route.answers !== undefined) return RESPONSE_ALREADY_SENT
  const response = render({ route, schemas, result })
  for (const [name, value] of extra) response.headers.append(name, value)
  return response
}

// `readInput` has decoded each part with the operation's own schemas.
const asCall = (call: object) => call as AnyCall

/** CSRF check: browsers attach a cookie to any request, but a bearer token only if a script sets it. */
function checkCsrf({ deps, route }: Mounted, { headers }: IncomingMessage): void {
  // Browsers attach `Basic` credentials of a proxy by themselves, but never a bearer token.
  if (route.method === 'GET' || /^bearer /i.test(headers.authorization ?? '')) return
  // Without any of these it is not a browser, which sends at least one.
  const isBrowser = [headers.cookie, headers.origin, headers['sec-fetch-site']].some(
    (header) => header !== undefined,
  )
  if (isBrowser) checkSameOrigin(headers, deps.publicOrigin)
}

function checkAllowed({ access }: ControlRoute, session: SessionPrincipal | undefined): void {
  if (access === 'anyone' || (session && hasPermission(session.role, access))) return
  throw new AppError('permission_denied', `Your account may not do this (${access}).`)
}

/** Without a session, malformed input counts against the caller's address. */
async function countedInput(
  mounted: Mounted,
  context: EdgeContext,
  session: SessionPrincipal | undefined,
) {
  const { deps, route, schemas } = mounted
  if (route.access !== 'anyone' || !schemas.body) return readInput(mounted, context, session)
  const { incoming } = context.env
  const call = { address: deps.addressOf(incoming), cookie: incoming.headers.cookie }
  const uncount = deps.beginPublicCall(call)
  const input = await readInput(mounted, context)
  uncount()
  return input
}

async function readInput(
  { deps, route, schemas }: Mounted,
  { req, env }: EdgeContext,
  session?: SessionPrincipal,
) {
  const params = schemas.params ? decodeParams(schemas.params, req.param()) : undefined
  const query = schemas.query ? checked(schemas.query, queryFields(req.url)) : undefined
  if (!schemas.body || route.takes !== undefined) return { params, query, body: undefined }
  const type = env.incoming.headers['content-type'] ?? ''
  if (!/^application\/([\w.+-]*\+)?json\b/i.test(type))
    throw new AppError('unsupported_media_type', 'Send JSON, as application/json.')
  const bytesMax = route.bodyBytesMax ?? CONTROL_BODY_BYTES_MAX
  const caller = session?.userId ?? deps.addressOf(env.incoming)
  const hold = holdUntilAnswered(deps.bodies, { caller, outgoing: env.outgoing })
  const limits = { bytesMax, clock: deps.clock, sweep: deps.sweep, hold }
  const body = checked(schemas.body, await readJsonFields(limits, env.incoming))
  return { params, query, body }
}

/** Throws `not_found` for a malformed id, as for an unknown one. */
function decodeParams(schema: NonNullable<OperationSchemas['params']>, input: unknown): unknown {
  const result = schema.safeDecode(input)
  if (result.success && pathOfNul(input) === undefined) return result.data
  throw new AppError('not_found', 'There is nothing at this address.')
}

function render({
  route,
  schemas,
  result,
}: Pick<Mounted, 'route' | 'schemas'> & { result: unknown }): Response {
  const status = route.status ?? 200
  if (!schemas.answer) return new Response(null, { status: 204 })
  return Response.json(withCredits(schemas.answer.encode(result)), { status })
}
