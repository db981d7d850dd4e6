import { createHash } from 'node:crypto'

import type { ImageFacts } from '@sluice/contracts/image-request'
import type { Clock } from '@sluice/kernel/clock'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import type {
  GenerateInput,
  GeneratedPicture,
  FailureReason,
  Upstream,
} from '@sluice/upstreams/upstream'
import { UpstreamError } from '@sluice/upstreams/upstream-error'

export interface Generation {
  prompt: string
  index: number
  secret: string
  /** Null while it is being generated. */
  sha256: string | null
}

export const FACTS: ImageFacts = {
  width: 1024,
  height: 1024,
  quality: 'high',
  background: 'opaque',
  format: 'png',
}

/** An upstream that runs a script of the test, and records every generation. */
export function createScriptedUpstream({ clock }: { clock: Clock }) {
  const generations: Generation[] = []
  const running = new Map<string, number>()
  const most = new Map<string, number>()
  let script: (input: GenerateInput, generation: Generation) => Promise<void> = async () => {}
  let facts: ImageFacts = FACTS
  let latencyMs = 0

  const count = (secret: string, change: number) => {
    const now = (running.get(secret) ?? 0) + change
    running.set(secret, now)
    most.set(secret, Math.max(most.get(secret) ?? 0, now))
  }

  const generate = async (input: GenerateInput): Promise<GeneratedPicture> => {
    const { secret } = input.access
    const generation: Generation = {
      prompt: input.request.prompt,
      index: input.index,
      secret,
      sha256: null,
    }
    generations.push(generation)
    const number = generations.length
    count(secret, 1)
    try {
      await script(input, generation)
      if (latencyMs > 0) await clock.sleep(latencyMs, input.signal)
    } catch (error) {
      if (input.signal.aborted) throw new UpstreamError(failureOf('aborted'), error)
      throw error
    } finally {
      count(secret, -1)
    }
    const bytes = Buffer.from(`picture ${number} of ${generation.prompt}`)
    generation.sha256 = createHash('sha256').update(bytes).digest('hex')
    return {
      bytes,
      contentType: `image/${facts.format}`,
      facts,
      revisedPrompt: `revised ${number}`,
      tokens: { inputText: 5, inputImage: 0, output: 100 },
    }
  }

  const upstream: Upstream = { dialect: 'sandbox', generateImage: generate }
  return {
    upstream,
    generations,
    /** The maximum number of concurrent calls of one credential. */
    maxConcurrent: (secret: string) => most.get(secret) ?? 0,
    running: () => [...running.values()].reduce((sum, now) => sum + now, 0),
    takes: (ms: number) => void (latencyMs = ms),
    answers: (other: Partial<ImageFacts>) => void (facts = { ...facts, ...other }),
    /** Sets what a call does before it returns its picture. */
    does: (next: typeof script) => void (script = next),
    /** Makes matching calls fail with the reason. */
    fails: (reason: FailureReason, when: (generation: Generation, number: number) => boolean) => {
      script = async (_input, generation) => {
        if (when(generation, generations.length)) throw new UpstreamError(failureOf(reason))
      }
    },
  }
}
