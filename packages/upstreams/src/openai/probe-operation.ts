import { treatments } from '../failure-treatments.ts'
import type { CallDeps } from '../send-call.ts'
import { sendCall } from '../send-call.ts'
import type { FailureReason, Permission, ProbeInput, UpstreamFailure } from '../upstream.ts'
import { isUpstreamError } from '../upstream-error.ts'
import { endpointOf } from './endpoint.ts'

const routes = { chat: 'chat/completions', image: 'images/generations' } as const

/** Without a model, messages and a prompt: OpenAI checks the key's scopes first, and then the body. */
const EMPTY_BODY = '{}'

/**
 * Whether a credential may do an operation: 400 for what the body lacks says that it may, `missing_scope`
 * that it may not. Everything else says nothing. Costs nothing and makes nothing; never rejects.
 */
export async function probeOperation(
  deps: CallDeps,
  { access, operation, signal }: ProbeInput,
): Promise<Permission> {
  try {
    const { headers, ...where } = endpointOf(access, routes[operation])
    const { body } = await sendCall(deps, {
      ...where,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
      body: EMPTY_BODY,
      signal,
    })
    // Whoever makes something of nothing stops when its reader is gone.
    body.destroy()
    return { can: 'unknown', failure: undefined }
  } catch (error) {
    if (!isUpstreamError(error)) throw error
    const { failure } = error
    return { can: permissionOf(failure), failure }
  }
}

// A bare 401 may mean anything.
const denials: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'permission-missing',
  'unauthorised',
  'banned',
])

/** What the refusal of an empty request says about the permission. Pure. */
function permissionOf(failure: UpstreamFailure): Permission['can'] {
  const { reason, failureClass, status } = failure
  if (reason !== undefined && denials.has(reason)) return 'no'
  // The model that was not named is unknown to an upstream that let the key in.
  if (reason === 'model-unknown') return status === 400 || status === 404 ? 'yes' : 'unknown'
  const refusesBody = failureClass === 'caller-bad' && (status === 400 || status === 422)
  return refusesBody && isExplained(failure) ? 'yes' : 'unknown'
}

// A page of a proxy in front, without an error object, has not looked at the key.
function isExplained({ reason, message, param, upstreamCode }: UpstreamFailure): boolean {
  if (param !== undefined || upstreamCode !== undefined) return true
  return reason !== undefined && message !== treatments[reason].message
}
