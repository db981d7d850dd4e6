import type { TokenUsage } from '@sluice/contracts/usage'

// Above this a report is a lie or a bug; the normal form refuses it too.
const TOKENS_MAX = 1_000_000_000

/**
 * The `usage` object of a chat answer (client-contracts §1.6) in normal form. Undefined for anything
 * that cannot be true: negative, fractional, absurd, or not a number. Upstreams are not trusted with money.
 */
export function readChatUsage(value: unknown): TokenUsage | undefined {
  if (!isObject(value)) return undefined
  const input = inputOf(value)
  const output = outputOf(value, input)
  if (input === undefined || output === undefined) return undefined
  return { kind: 'tokens', input, cachedInput: Math.min(cachedOf(value), input), output }
}

/**
 * Two reports about one answer: some upstreams report as they go, some report zeros after the truth.
 * Counts only grow, so the larger of each holds. Pure.
 */
export function laterUsage(known: TokenUsage | undefined, next: TokenUsage): TokenUsage {
  if (!known) return next
  const input = Math.max(known.input, next.input)
  const cachedInput = Math.min(Math.max(known.cachedInput, next.cachedInput), input)
  return { kind: 'tokens', input, cachedInput, output: Math.max(known.output, next.output) }
}

function inputOf(usage: Record<string, unknown>): number | undefined {
  const prompt = count(usage['prompt_tokens'])
  if (isSaid(usage['prompt_tokens']) && prompt === undefined) return undefined
  // DeepSeek: the prompt is what hit its cache and what missed it.
  const hit = count(usage['prompt_cache_hit_tokens'])
  const missed = count(usage['prompt_cache_miss_tokens'])
  const halves = hit === undefined || missed === undefined ? undefined : within(hit + missed)
  const said = prompt || halves
  return said || inputTokensOf(usage) || (prompt ?? halves)
}

/** `input_tokens` of OpenAI's newer API, and of Anthropic's, which leaves out what went through its cache. */
function inputTokensOf(usage: Record<string, unknown>): number | undefined {
  const input = count(usage['input_tokens'])
  if (input === undefined) return undefined
  const read = count(usage['cache_read_input_tokens']) ?? 0
  const written = count(usage['cache_creation_input_tokens']) ?? 0
  return within(input + read + written)
}

function outputOf(usage: Record<string, unknown>, input: number | undefined): number | undefined {
  const names = ['completion_tokens', 'output_tokens'].filter((name) => isSaid(usage[name]))
  const counts = names.map((name) => count(usage[name]))
  if (counts.includes(undefined)) return undefined
  if (counts.length > 0) return Math.max(...counts.map((one) => one ?? 0))
  const total = count(usage['total_tokens'])
  if (total === undefined || input === undefined || total <= input) return undefined
  return total - input
}

/** Names under which upstreams report input that was read from a cache. */
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
  const places = [usage, ...detailNames.map((name) => usage[name]).filter(isObject)]
  const counts = places.flatMap((place) => cachedNames.map((name) => count(place[name]) ?? 0))
  return Math.max(...counts)
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? within(value) : undefined
}

const within = (tokens: number) => (tokens >= 0 && tokens <= TOKENS_MAX ? tokens : undefined)

const isSaid = (value: unknown) => value !== undefined && value !== null

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
