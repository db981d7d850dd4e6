import { z } from 'zod'

import { failureOf } from '../failure-treatments.ts'
import { parseJson } from '../parse-json.ts'
import type { CallDeps } from '../send-call.ts'
import { readText, sendCall } from '../send-call.ts'
import type { UpstreamAccess } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import { endpointOf } from './endpoint.ts'

const LIST_BYTES_MAX = 4 * 1024 * 1024
const MODELS_MAX = 10_000

const modelList = z.looseObject({
  data: z.array(z.looseObject({ id: z.string().min(1).max(200) })).max(MODELS_MAX),
})

/** The model names available to a credential, in the upstream's order. Throws an UpstreamError. */
export async function listModels(
  deps: CallDeps,
  { access, signal }: { access: UpstreamAccess; signal: AbortSignal },
): Promise<string[]> {
  const { headers, ...where } = endpointOf(access, 'models')
  const accept = { accept: 'application/json' }
  const call = { ...where, method: 'GET', headers: { ...headers, ...accept }, body: null } as const
  const answer = await sendCall(deps, { ...call, signal })
  const text = await readText(answer, { bytesMax: LIST_BYTES_MAX, signal })
  const parsed = modelList.safeParse(parseJson(text))
  if (!parsed.success) {
    throw new UpstreamError(failureOf('answer-broken', { mayHaveProduced: false }))
  }
  return parsed.data.data.map(({ id }) => id)
}
