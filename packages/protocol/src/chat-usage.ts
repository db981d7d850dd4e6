import type { TokenUsage } from '@sluice/contracts/usage'

// Above this a report is a lie or a bug; the normal form refuses it too.
const TOKENS_MAX = 1_000_000_000

/**
 * The `usage` object of a chat answer (client-contracts §1.6) in normal form. Undefined for anything
 * that cannot be true: negative, fractional, absurd, or not a number. Upstreams are not trusted with money.
 */
export function readChatUsage(value: unknown): TokenUsage | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const input = tokens(member(value, 'prompt_tokens'))
  const output = tokens(member(value, 'completion_tokens'))
  if (input === undefined || output === undefined) return undefined
  const details = member(value, 'prompt_tokens_details')
  const cached =
    typeof details === 'object' && details !== null ? tokens(member(details, 'cached_tokens')) : 0
  return { kind: 'tokens', input, cachedInput: Math.min(cached ?? 0, input), output }
}

function member(value: object, name: string): unknown {
  return name in value ? Reflect.get(value, name) : undefined
}

function tokens(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
  return value >= 0 && value <= TOKENS_MAX ? value : undefined
}
