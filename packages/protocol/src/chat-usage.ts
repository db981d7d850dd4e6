import type { TokenUsage } from '@sluice/contracts/usage'

// Larger counts are implausible; `TokenUsage` rejects them too.
const TOKENS_MAX = 1_000_000_000

/**
 * Normalizes the `usage` object of a chat response. Undefined for implausible values:
 * negative, fractional, too large, or not a number. Upstream reports are not trusted.
 */
export function readChatUsage(value: unknown): TokenUsage | undefined {
  if (!isObject(value)) return undefined
  const input = inputOf(value)
  const output = outputOf(value, input)
  if (input === undefined || output === undefined) return undefined
  return { kind: 'tokens', input, cachedInput: Math.min(cachedOf(value), input), output }
}

/**
 * Merges two reports about one response: some upstreams report cumulatively, some report zeros at the end.
 * Counts only grow, so the larger of each is used. Pure.
 */
export function laterUsage(known: TokenUsage | undefined, next: TokenUsage): TokenUsage {
  if (!known) return next
  const input = Math.max(known.input, next.input)
  const cachedInput = Math.min(Math.max(known.cachedInput, next.cachedInput), input)
  return { kind: 'tokens', input, cachedInput, output: Math.max(known.output, next.output) }
}

function inputOf(usage: Record<string, unknown>): number | undefined {
  const prompt = count(usage['prompt_tokens'])
  if (isPresent(usage['prompt_tokens']) && prompt === undefined) return undefined
  // DeepSeek: the prompt is the sum of cache hits and misses.
  const hit = count(usage['prompt_cache_hit_tokens'])
  const missed = count(usage['prompt_cache_miss_tokens'])
  const summed = hit === undefined || missed === undefined ? undefined : within(hit + missed)
  return prompt || summed || inputTokensOf(usage) || (prompt ?? summed)
}

/** `input_tokens` of OpenAI's Responses API, and of Anthropic's, which excludes cached input. */
function inputTokensOf(usage: Record<string, unknown>): number | undefined {
  const input = count(usage['input_tokens'])
  if (input === undefined) return undefined
  const read = count(usage['cache_read_input_tokens']) ?? 0
  const written = count(usage['cache_creation_input_tokens']) ?? 0
  return within(input + read + written)
}

function outputOf(usage: Record<string, unknown>, input: number | undefined): number | undefined {
  const names = ['completion_tokens', 'output_tokens'].filter((name) => isPresent(usage[name]))
  const counts = names.map((name) => count(usage[name]))
  if (counts.includes(undefined)) return undefined
  if (counts.length > 0) return Math.max(...counts.map((one) => one ?? 0))
  const total = count(usage['total_tokens'])
  if (total === undefined || input === undefined || total <= input) return undefined
  return total - input
}

/** Names of the count of cached input tokens. */
const cachedNames = [
  'cached_tokens', // Moonshot
  'prompt_cache_hit_tokens', // DeepSeek
  'cache_read_input_tokens', // Anthropic
  'cache_read_tokens',
  'cached_prompt_tokens',
  'cached_input_tokens',
  'cachedContentTokenCount', // Google
] as const
const detailNames = ['prompt_tokens_details', 'input_tokens_details'] as const

function cachedOf(usage: Record<string, unknown>): number {
  const objects = [usage, ...detailNames.map((name) => usage[name]).filter(isObject)]
  const counts = objects.flatMap((object) => cachedNames.map((name) => count(object[name]) ?? 0))
  return Math.max(...counts)
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? within(value) : undefined
}

const within = (tokens: number) => (tokens >= 0 && tokens <= TOKENS_MAX ? tokens : undefined)

const isPresent = (value: unknown) => value !== undefined && value !== null

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
