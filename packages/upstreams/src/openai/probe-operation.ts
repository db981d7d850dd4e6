import { treatments } from '../failure-treatments.ts'
import type { CallDeps } from '../send-call.ts'
import { sendCall } from '../send-call.ts'
import type { FailureReason, Permission, ProbeInput, UpstreamFailure } from '../upstream.ts'
import { isUpstreamError } from '../upstream-error.ts'
import { endpointOf } from './endpoint.ts'

const routes = { chat: 'chat/completions', image: 'images/generations' } as const

/** Without model, messages and prompt: OpenAI checks the key's scopes before the body. */
const EMPTY_BODY = '{}'

/**
 * Whether a credential may use an operation: 400 for missing fields means yes, `missing_scope` means no,
 * anything else is unknown. Is never charged and never rejects.
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
    // An upstream that accepts an empty request stops when its response is not read.
    body.destroy()
    return { can: 'unknown', failure: undefined }
  } catch (error) {
    if (!isUpstreamError(error)) throw error
    const { failure } = error
    return { can: permissionOf(failure), failure }
  }
}

// A 401 without a reason is ambiguous.
const denials: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'permission-missing',
  'unauthorised',
  'banned',
])

/** The permission shown by the rejection of an empty request. Pure. */
function permissionOf(failure: UpstreamFailure): Permission['can'] {
  const { reason, failureClass, status } = failure
  if (reason !== undefined && denials.has(reason)) return 'no'
  // The upstream accepted the key and rejected the missing model.
  if (reason === 'model-unknown') return status === 400 || status === 404 ? 'yes' : 'unknown'
  const refusesBody = failureClass === 'caller-bad' && (status === 400 || status === 422)
  return refusesBody && hasErrorDetails(failure) ? 'yes' : 'unknown'
}

// A response without an error object comes from a proxy that has not checked the key.
function hasErrorDetails({ reason, message, param, upstreamCode }: UpstreamFailure): boolean {
  if (param !== undefined || upstreamCode !== undefined) return true
  return reason !== undefined && message !== treatments[reason].message
}
