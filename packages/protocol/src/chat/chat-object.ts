import type { Delivered } from './delivered-text.ts'
import { addDelivered } from './delivered-text.ts'

/** Kinds of objects in upstream chat responses. */
export type ChatObjectKind =
  /** A completion, or a chunk of one. */
  | 'chat'
  /** Without choices, but with usage. */
  | 'usage'
  /** It contains an error. */
  | 'error'
  /** None of these. */
  | 'other'

// Vendor-specific finish reasons of failed completions.
const failedFinishes: ReadonlySet<unknown> = new Set([
  'error',
  'failed',
  'server_error',
  'network_error',
  'insufficient_system_resource',
])

/** Classifies an upstream's object by its content. Pure. */
export function chatObjectKind(value: Record<string, unknown>): ChatObjectKind {
  if (isNonEmpty(value['error']) || value['type'] === 'error' || value['object'] === 'error') {
    return 'error'
  }
  const choices = value['choices']
  if (Array.isArray(choices)) {
    let hasChoice = false
    for (const choice of choices) {
      if (!isObject(choice)) continue
      hasChoice = true
      if (isNonEmpty(choice['error']) || failedFinishes.has(choice['finish_reason'])) return 'error'
    }
    if (hasChoice) return 'chat'
  }
  if (typeof value['usage'] === 'object' && value['usage'] !== null) return 'usage'
  if (Array.isArray(choices)) return 'other'
  return errorNames.some((name) => isNonEmpty(value[name])) || value['success'] === false
    ? 'error'
    : 'other'
}

// Members of errors that some gateways return without an `error` object.
const errorNames = ['message', 'detail', 'errors', 'error_msg', 'error_message', 'msg'] as const

/** The choices of a response that are objects. */
export function choicesOf(value: Record<string, unknown>): Record<string, unknown>[] {
  const choices = value['choices']
  return Array.isArray(choices) ? choices.filter(isObject) : []
}

/** The error in an object of kind `error`, as JSON. */
export function errorTextOf(value: Record<string, unknown>): string {
  if (isNonEmpty(value['error'])) return JSON.stringify({ error: value['error'] })
  const choice = choicesOf(value).find((one) => isNonEmpty(one['error']))
  return JSON.stringify(choice ? { error: choice['error'] } : value)
}

/** Tracks which choices of a response have started and finished, and their delivered content. */
export class ChatProgress {
  readonly delivered: Delivered = { textBytes: 0, pieceTokens: 0 }
  private readonly begun = new Set<unknown>()
  private readonly finished = new Set<unknown>()

  /** Processes an object of kind `chat`; true when it has content. */
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
      // The legacy completions format, which some compatible servers still use.
      if (typeof choice['text'] === 'string') addDelivered(this.delivered, { text: choice['text'] })
    }
    return this.delivered.textBytes > textBytes || this.delivered.pieceTokens > pieceTokens
  }

  get hasContent(): boolean {
    return this.delivered.textBytes > 0 || this.delivered.pieceTokens > 0
  }

  /** Every started choice has a finish reason. */
  get isFinished(): boolean {
    return this.begun.size > 0 && this.finished.size === this.begun.size
  }
}

/** False for absent or empty values: some successful responses contain `"error": null` or empty members. */
function isNonEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  return Object.values(value).some(isNonEmpty)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
