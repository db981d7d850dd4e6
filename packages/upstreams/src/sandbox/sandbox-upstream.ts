import type { Upstream, UpstreamDeps } from '../upstream.ts'
import { answerChat } from './answer-chat.ts'
import { generateSandboxImage } from './generate-sandbox-image.ts'
import { sandboxModels } from './sandbox-models.ts'
import { lazyTokenizer } from './tokenizer.ts'

/** A dialect that generates images and chat answers in process, without an upstream and its costs. */
export function createSandboxUpstream({
  clock,
  random,
}: Pick<UpstreamDeps, 'clock' | 'random'>): Upstream {
  const deps = { clock, random, loadTokenizer: lazyTokenizer() }
  return {
    dialect: 'sandbox',
    generateImage: (input) => generateSandboxImage(deps, input),
    chatAnswer: (input) => answerChat(deps, input),
    listModels: async () => sandboxModels.map(({ upstreamModel }) => upstreamModel),
  }
}
