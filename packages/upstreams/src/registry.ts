import type { Dialect } from '@sluice/contracts/dialects'

import { createOpenAiUpstream } from './openai/openai-upstream.ts'
import { createSandboxUpstream } from './sandbox/sandbox-upstream.ts'
import type { Upstream, UpstreamDeps } from './upstream.ts'

/** All dialects by name. Opens no socket before the first call. */
export function createUpstreams(deps: UpstreamDeps): Record<Dialect, Upstream> {
  return { openai: createOpenAiUpstream(deps), sandbox: createSandboxUpstream(deps) }
}
