import type { Dialect } from '@sluice/contracts/scheduler.contract'

import { createOpenAiUpstream } from './openai/openai-upstream.ts'
import { createSandboxUpstream } from './sandbox/sandbox-upstream.ts'
import type { Upstream, UpstreamDeps } from './upstream.ts'

/** Every dialect by its name; the one list. Opens no socket until a call is made. */
export function createUpstreams(deps: UpstreamDeps): Record<Dialect, Upstream> {
  return { openai: createOpenAiUpstream(deps), sandbox: createSandboxUpstream(deps) }
}
