import { choicesOf, isObject } from './chat-object.ts'

/**
 * Splits a `chat.completion` into the `chat.completion.chunk` objects of a stream: role, message and finish
 * reason of each choice, and finally usage if the caller requested it.
 */
export function completionChunks(
  completion: Record<string, unknown>,
  { includeUsage }: { includeUsage: boolean },
): Record<string, unknown>[] {
  const { choices: _choices, usage, ...facts } = completion
  const head = { ...facts, object: 'chat.completion.chunk' }
  const chunks: Record<string, unknown>[] = []
  for (const [at, choice] of choicesOf(completion).entries()) {
    for (const part of choiceChunks(choice, at)) chunks.push({ ...head, choices: [part] })
  }
  if (includeUsage && usage !== undefined) chunks.push({ ...head, choices: [], usage })
  return chunks
}

function choiceChunks(choice: Record<string, unknown>, at: number): Record<string, unknown>[] {
  const { message, text, finish_reason, index = at, logprobs = null, ...rest } = choice
  const { role, ...members } = isObject(message) ? message : { role: undefined, content: text }
  const delta: Record<string, unknown> = { ...members }
  const calls = members['tool_calls']
  if (Array.isArray(calls)) {
    delta['tool_calls'] = calls.filter(isObject).map((call, index) => ({ index, ...call }))
  }
  return [
    { index, delta: { role: role ?? 'assistant', content: '' }, finish_reason: null },
    { index, delta, logprobs, finish_reason: null },
    { ...rest, index, delta: {}, finish_reason: finish_reason ?? 'stop' },
  ]
}
