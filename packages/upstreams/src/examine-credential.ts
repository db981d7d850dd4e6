import { failureOf } from './failure-treatments.ts'
import type { FailureReason, Permission, Upstream, UpstreamAccess } from './upstream.ts'
import type { UpstreamFailure } from './upstream.ts'
import { isUpstreamError } from './upstream-error.ts'

export const probedOperations = ['chat', 'image'] as const
export type ProbedOperation = (typeof probedOperations)[number]

/** What is known of a credential after free requests. */
export interface Examination {
  /** The upstream's model names; undefined when it did not list them. */
  listed: readonly string[] | undefined
  /** The failure of the list request. */
  listFailure: UpstreamFailure | undefined
  /** Undefined for operations not probed, because the upstream does not respond or the key is invalid. */
  permissions: Readonly<Record<ProbedOperation, Permission | undefined>>
}

// Failures of the list request after which the other routes may still work.
const probeAfter: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'permission-missing',
  'unauthorised-unclear',
  'request-refused',
  'misconfigured',
  'model-unknown',
  'rate-limited',
  'answer-broken',
  'answer-empty',
])

/**
 * Requests the list of models, then probes chat and image permissions concurrently. `signal` carries the
 * deadline of all requests; when it aborts, pending ones fail with `timeout`. Rejects only for internal
 * errors.
 */
export async function examineCredential(
  { upstream }: { upstream: Upstream },
  { access, signal }: { access: UpstreamAccess; signal: AbortSignal },
): Promise<Examination> {
  const list = await listed({ upstream }, { access, signal })
  const { reason } = list.listFailure ?? {}
  const { probeOperation } = upstream
  const canProbe = !list.listFailure || (reason !== undefined && probeAfter.has(reason))
  if (!canProbe || !probeOperation) return { ...list, permissions: notProbed }
  const [chat, image] = await Promise.all(
    probedOperations.map((operation) => probeOperation({ access, operation, signal })),
  )
  return { ...list, permissions: { chat, image } }
}

const notProbed = { chat: undefined, image: undefined }

async function listed(
  { upstream }: { upstream: Upstream },
  input: { access: UpstreamAccess; signal: AbortSignal },
): Promise<Pick<Examination, 'listed' | 'listFailure'>> {
  if (!upstream.listModels) return { listed: undefined, listFailure: undefined }
  try {
    return { listed: await upstream.listModels(input), listFailure: undefined }
  } catch (error) {
    // Aborted by this process: counts as a timeout.
    if (input.signal.aborted) return { listed: undefined, listFailure: failureOf('timeout') }
    if (!isUpstreamError(error)) throw error
    return { listed: undefined, listFailure: error.failure }
  }
}
