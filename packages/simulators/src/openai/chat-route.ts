import type { Answer } from './answer.ts'
import { event, events, json, refusal } from './answer.ts'
import type { Behaviour } from './fault.ts'
import { unknownModel } from './images-call.ts'
import { streamError } from './images-route.ts'
import { isRecord } from './read-call.ts'
import type { RouteAnswer, RouteHandler, SimulatorContext } from './simulator-context.ts'

interface ChatAnswer {
  model: string
  words: string[]
  finish: 'stop' | 'length'
  usage: unknown
  behaviour: Behaviour
}

/** `POST /v1/chat/completions`, whole and streamed. A word counts as a token. */
export const answerChat: RouteHandler = (context, { call, behaviour }): RouteAnswer => {
  const { fields } = call
  const messages = Array.isArray(fields['messages']) ? fields['messages'].filter(isRecord) : []
  if (messages.length === 0) {
    const message = "Missing required parameter: 'messages'."
    const code = 'missing_required_parameter'
    return { answer: refusal(400, { message, param: 'messages', code }), produced: [] }
  }
  const model = String(fields['model'])
  if (!context.models.some(({ id, kind }) => id === model && kind === 'chat')) {
    return { answer: unknownModel(model), produced: [] }
  }
  const prompt = messages.reduce((sum, { content }) => sum + wordsOf(content).length + 4, 3)
  const limit = Number(
    fields['max_completion_tokens'] ?? fields['max_tokens'] ?? context.answerWords,
  )
  const all = wordsFor(messages.at(-1)?.['content'], context.answerWords)
  const words = all.slice(0, limit)
  const finish = words.length < all.length ? 'length' : 'stop'
  const usage = behaviour.kind === 'usage' ? behaviour.usage : usageOf(prompt, words.length)
  const chat: ChatAnswer = { model, words, finish, usage, behaviour }
  const options = isRecord(fields['stream_options']) ? fields['stream_options'] : {}
  const answer =
    fields['stream'] === true
      ? streamed(context, { ...chat, includeUsage: options['include_usage'] === true })
      : whole(context, chat)
  return { answer, produced: [{ kind: 'tokens', prompt, completion: words.length }] }
}

function whole(context: SimulatorContext, { model, words, finish, usage }: ChatAnswer): Answer {
  return json({
    id: context.newId('chatcmpl'),
    object: 'chat.completion',
    created: context.nowS(),
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: words.join(' '), refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    ...(usage === null ? {} : { usage }),
    service_tier: 'default',
    system_fingerprint: 'fp_simulator',
  })
}

function streamed(context: SimulatorContext, chat: ChatAnswer & { includeUsage: boolean }): Answer {
  const { model, words, finish, usage, behaviour, includeUsage } = chat
  const variant = behaviour.kind === 'stream' ? behaviour.variant : undefined
  if (variant === 'json') return whole(context, chat)
  const head = {
    id: context.newId('chatcmpl'),
    object: 'chat.completion.chunk',
    created: context.nowS(),
    model,
    service_tier: 'default',
    system_fingerprint: 'fp_simulator',
  }
  const usageField = includeUsage ? { usage: null } : {}
  const chunk = (delta: object, finish_reason: string | null) =>
    event({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      ...usageField,
      obfuscation: 'x'.repeat(8),
    })
  const blocks = [chunk({ role: 'assistant', content: '', refusal: null }, null)]
  words.forEach((word, at) => blocks.push(chunk({ content: at === 0 ? word : ` ${word}` }, null)))
  if (variant === 'empty-data') blocks.push('data:\n\n')
  if (behaviour.kind === 'malformed') blocks.push(event('{"id":"chatcmpl-broken",'))
  if (behaviour.kind === 'stream' && variant?.startsWith('error'))
    return events([...blocks, streamError(behaviour)])
  if (variant === 'no-terminal') return events(blocks)
  blocks.push(chunk({}, finish))
  if (includeUsage && usage !== null) blocks.push(event({ ...head, choices: [], usage }))
  blocks.push(event('[DONE]'))
  if (variant === 'twice-terminal') blocks.push(chunk({}, finish), event('[DONE]'))
  return events(variant === 'crlf' ? blocks.map((block) => block.replaceAll('\n', '\r\n')) : blocks)
}

function usageOf(prompt: number, completion: number) {
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

function wordsFor(content: unknown, count: number): string[] {
  const words = ['You', 'wrote:', ...wordsOf(content).slice(0, 8)]
  return Array.from({ length: Math.max(count, words.length) }, (_, at) => words[at] ?? `word${at}`)
}

function wordsOf(content: unknown): string[] {
  if (typeof content === 'string') return content.split(/\s+/).filter((word) => word !== '')
  if (!Array.isArray(content)) return []
  return content.filter(isRecord).flatMap((part) => wordsOf(part['text']))
}
