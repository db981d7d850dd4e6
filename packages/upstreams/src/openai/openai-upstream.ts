import { refusedFields } from '../refused-fields.ts'
import type { Upstream, UpstreamDeps } from '../upstream.ts'
import { generateImage } from './generate-image.ts'
import { endpointOf } from './endpoint.ts'
import { listModels } from './list-models.ts'
import { probeOperation } from './probe-operation.ts'

/** The dialect of OpenAI and of compatible services. */
export function createOpenAiUpstream(given: UpstreamDeps): Upstream {
  const deps = { ...given, refused: refusedFields(given) }
  return {
    dialect: 'openai',
    generateImage: (input) => generateImage(deps, input),
    chatCall: (access) => {
      const { origin, path, headers } = endpointOf(access, 'chat/completions')
      return {
        origin,
        path,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
      }
    },
    listModels: (input) => listModels(deps, input),
    probeOperation: (input) => probeOperation(deps, input),
  }
}
