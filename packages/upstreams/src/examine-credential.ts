import { failureOf } from './failure-treatments.ts'
import type { FailureReason, Permission, Upstream, UpstreamAccess } from './upstream.ts'
import type { UpstreamFailure } from './upstream.ts'
import { isUpstreamError } from './upstream-error.ts'

export const probedOperations = ['chat', 'image'] as const
export type ProbedOperation = (typeof probedOperations)[number]

/** What an upstream shows of a credential that costs nothing to find out. */
export interface Examination {
  /** The upstream's names of models; undefined when it did not list them. */
  listed: readonly string[] | undefined
  /** Why it did not. */
  listFailure: UpstreamFailure | undefined
  /** Undefined where it was not tried: nobody answers there, or the key is invalid as a whole. */
  permissions: Readonly<Record<ProbedOperation, Permission | undefined>>
}

// An upstream that answered its list with one of these answers the other routes as well.
const isThere: ReadonlySet<FailureReason> = new Set<FailureReason>([
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
 * Asks for the list of models, and then at the same time whether the credential may chat and generate
 * images. `signal` carries the deadline of all of it; when it aborts, what is not known yet failed with
 * `timeout`. Rejects only for faults of our own.
 */
export async function examineCredential(
  { upstream }: { upstream: Upstream },
  { access, signal }: { access: UpstreamAccess; signal: AbortSignal },
): Promise<Examination> {
  const list = await listed({ upstream }, { access, signal })
  const { reason } = list.listFailure ?? {}
  const { probeOperation } = upstream
  const probes = !list.listFailure || (reason !== undefined && isThere.has(reason))
  if (!probes || !probeOperation) return { ...list, permissions: untried }
  const [chat, image] = await Promise.all(
    probedOperations.map((operation) => probeOperation({ access, operation, signal })),
  )
  return { ...list, permissions: { chat, image } }
}

const untried = { chat: undefined, image: undefined }

async function listed(
  { upstream }: { upstream: Upstream },
  input: { access: UpstreamAccess; signal: AbortSignal },
): Promise<Pick<Examination, 'listed' | 'listFailure'>> {
  if (!upstream.listModels) return { listed: undefined, listFailure: undefined }
  try {
    return { listed: await upstream.listModels(input), listFailure: undefined }
  } catch (error) {
    // What was cut off by us came too late.
    if (input.signal.aborted) return { listed: undefined, listFailure: failureOf('timeout') }
    if (!isUpstreamError(error)) throw error
    return { listed: undefined, listFailure: error.failure }
  }
}
