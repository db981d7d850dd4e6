import { newId } from '@sluice/kernel/ids'

import { z } from 'zod'

import { failureOf } from '../failure-treatments.ts'
import { readSettings } from '../read-settings.ts'
import type { ChatAnswer, ChatAnswerInput } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import { failOnCommand, pause } from './prompt-commands.ts'
import type { SandboxDeps } from './generate-sandbox-image.ts'
import { sandboxSettings } from './sandbox-settings.ts'
import type { Tokenizer } from './tokenizer.ts'

const limit = z.int().positive().nullish().catch(undefined)
const chatBody = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string().catch('user'), content: z.unknown() })).min(1),
  max_completion_tokens: limit,
  max_tokens: limit,
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish() })
    .nullish()
    .catch(undefined),
})
type ChatBody = z.output<typeof chatBody>

/**
 * Says that it is the sandbox, and repeats a part of the question. Token counts are true for the text
 * that is read and written. Both forms throw an UpstreamError before their first word, if at all.
 */
export function answerChat(deps: SandboxDeps, input: ChatAnswerInput): ChatAnswer {
  return {
    whole: async () => wholeOf(await composed(deps, input)),
    async *chunks() {
      const composition = await composed(deps, input)
      const { chunkDelayMs } = readSettings(sandboxSettings, input.access)
      for (const [at, chunk] of chunksOf(composition).entries()) {
        await pause(deps, { ms: at === 0 ? 0 : chunkDelayMs, signal: input.signal })
        yield chunk
      }
    },
  }
}

interface Composed {
  head: { id: string; created: number; model: string }
  /** The answer in pieces that read as a stream. */
  pieces: string[]
  finishReason: 'stop' | 'length'
  usage: Record<string, unknown>
  includeUsage: boolean
}

async function composed(
  deps: SandboxDeps,
  { access, upstreamModel: model, body, signal }: ChatAnswerInput,
): Promise<Composed> {
  const settings = readSettings(sandboxSettings, access)
  await pause(deps, { ms: settings.latencyMs, signal })
  await failOnCommand(deps, { settings, signal })
  const parsed = chatBody.safeParse(body)
  if (!parsed.success) {
    const message = 'messages must be a list with at least one message.'
    throw new UpstreamError(failureOf('bad-request', { message, status: 400 }), parsed.error)
  }
  const tokenizer = await deps.loadTokenizer()
  const { max_completion_tokens: max, max_tokens: oldMax, stream_options: stream } = parsed.data
  const all = piecesOf(answerText(parsed.data))
  const pieces = fitting(all, { tokensMax: max ?? oldMax ?? Number.POSITIVE_INFINITY, tokenizer })
  return {
    head: { id: newId('msg', deps), created: Math.floor(deps.clock.nowMs() / 1_000), model },
    pieces,
    finishReason: pieces.length < all.length ? 'length' : 'stop',
    usage: usageOf(promptTokens(parsed.data, tokenizer), tokenizer.count(pieces.join(''))),
    includeUsage: stream?.include_usage === true,
  }
}

const QUOTED_CHARS_MAX = 200

function answerText({ messages }: ChatBody): string {
  const asked = textOf(messages.findLast(({ role }) => role === 'user')?.content)
  const letters = [...asked.replaceAll(/\s+/g, ' ').trim()]
  const quoted = letters.slice(0, QUOTED_CHARS_MAX).join('')
  const rest = letters.length > QUOTED_CHARS_MAX ? '…' : ''
  return (
    'This is the sandbox: no model stands behind this answer, and it is the same for everyone. ' +
    (quoted === '' ? 'You asked nothing in words. ' : `You asked: “${quoted}${rest}” `) +
    'A real answer comes as soon as a channel offers this model.'
  )
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  const parts = z.array(z.looseObject({ text: z.string() }).catch({ text: '' })).safeParse(content)
  return parts.success ? parts.data.map(({ text }) => text).join(' ') : ''
}

// As OpenAI counts: three tokens around each message, and three that begin the answer.
function promptTokens({ messages }: ChatBody, tokenizer: Tokenizer): number {
  const each = messages.map(
    ({ role, content }) => 3 + tokenizer.count(role) + tokenizer.count(textOf(content)),
  )
  return each.reduce((sum, count) => sum + count, 3)
}

// A word with the space before it, as tokens are; long runs without spaces are cut between characters.
function piecesOf(text: string): string[] {
  return text.match(/\s?\S{1,12}/gu) ?? []
}

function fitting(
  pieces: readonly string[],
  { tokensMax, tokenizer }: { tokensMax: number; tokenizer: Tokenizer },
): string[] {
  const beyond = pieces.findIndex((_, at) => {
    return tokenizer.count(pieces.slice(0, at + 1).join('')) > tokensMax
  })
  return pieces.slice(0, beyond === -1 ? pieces.length : beyond)
}

function usageOf(prompt: number, completion: number): Record<string, unknown> {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function wholeOf({ head, pieces, finishReason, usage }: Composed): Record<string, unknown> {
  const message = { role: 'assistant', content: pieces.join(''), refusal: null }
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason }
  return { ...head, object: 'chat.completion', choices: [choice], usage }
}

function chunksOf({
  head,
  pieces,
  finishReason,
  usage,
  includeUsage,
}: Composed): Record<string, unknown>[] {
  const frame = { ...head, object: 'chat.completion.chunk' }
  const chunk = (delta: object, finish: string | null) => ({
    ...frame,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(includeUsage ? { usage: null } : {}),
  })
  return [
    chunk({ role: 'assistant', content: '', refusal: null }, null),
    ...pieces.map((content) => chunk({ content }, null)),
    chunk({}, finishReason),
    ...(includeUsage ? [{ ...frame, choices: [], usage }] : []),
  ]
}
