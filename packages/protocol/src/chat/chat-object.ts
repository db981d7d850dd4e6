import type { Delivered } from './delivered-text.ts'
import { addDelivered } from './delivered-text.ts'

/** What a `chat.completion` or a `chat.completion.chunk` of an upstream is. */
export type ChatObjectKind =
  /** An answer, or a part of one. */
  | 'chat'
  /** It has no choices, but reports usage. */
  | 'usage'
  /** It says that the upstream failed, whatever else it holds. */
  | 'error'
  /** None of these. */
  | 'other'

// Reasons of look-alikes to finish that mean that the answer was given up, not ended.
const failedFinishes: ReadonlySet<unknown> = new Set([
  'error',
  'failed',
  'server_error',
  'network_error',
  'insufficient_system_resource',
])

/** Classifies an upstream's object by its content. Pure. */
export function chatObjectKind(value: Record<string, unknown>): ChatObjectKind {
  if (isSaid(value['error']) || value['type'] === 'error' || value['object'] === 'error') {
    return 'error'
  }
  const choices = value['choices']
  if (Array.isArray(choices)) {
    let hasChoice = false
    for (const choice of choices) {
      if (!isObject(choice)) continue
      hasChoice = true
      if (isSaid(choice['error']) || failedFinishes.has(choice['finish_reason'])) return 'error'
    }
    if (hasChoice) return 'chat'
  }
  if (typeof value['usage'] === 'object' && value['usage'] !== null) return 'usage'
  if (Array.isArray(choices)) return 'other'
  return errorNames.some((name) => isSaid(value[name])) || value['success'] === false
    ? 'error'
    : 'other'
}

// Gateways that answer the facts of an error bare.
const errorNames = ['message', 'detail', 'errors', 'error_msg', 'error_message', 'msg'] as const

/** The choices of an answer that are objects; empty when it has none. */
export function choicesOf(value: Record<string, unknown>): Record<string, unknown>[] {
  const choices = value['choices']
  return Array.isArray(choices) ? choices.filter(isObject) : []
}

/** The text of the error that an object of kind `error` carries, as JSON. */
export function errorTextOf(value: Record<string, unknown>): string {
  if (isSaid(value['error'])) return JSON.stringify({ error: value['error'] })
  const choice = choicesOf(value).find((one) => isSaid(one['error']))
  return JSON.stringify(choice ? { error: choice['error'] } : value)
}

/** Which choices of an answer have begun and which have finished, and what they delivered. */
export class ChatProgress {
  readonly delivered: Delivered = { textBytes: 0, pieceTokens: 0 }
  private readonly begun = new Set<unknown>()
  private readonly finished = new Set<unknown>()

  /** Counts an object of kind `chat`; true when it delivers content. */
  take(value: Record<string, unknown>): boolean {
    const { textBytes, pieceTokens } = this.delivered
    const choices = value['choices']
    if (!Array.isArray(choices)) return false
    for (const choice of choices) {
      if (!isObject(choice)) continue
      const index = choice['index'] ?? 0
      this.begun.add(index)
      if (typeof choice['finish_reason'] === 'string') this.finished.add(index)
      const message = choice['delta'] ?? choice['message']
      if (isObject(message)) addDelivered(this.delivered, message)
      // The older API of completions, which some look-alikes still answer with.
      if (typeof choice['text'] === 'string') addDelivered(this.delivered, { text: choice['text'] })
    }
    return this.delivered.textBytes > textBytes || this.delivered.pieceTokens > pieceTokens
  }

  get hasContent(): boolean {
    return this.delivered.textBytes > 0 || this.delivered.pieceTokens > 0
  }

  /** Every choice that has begun has said why it finished. */
  get isFinished(): boolean {
    return this.begun.size > 0 && this.finished.size === this.begun.size
  }
}

/** False for what is absent or empty: some answers of success carry `"error": null`, or empty members. */
function isSaid(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  return Object.values(value).some(isSaid)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
