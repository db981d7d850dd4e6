import { choicesOf, isObject } from './chat-object.ts'

/** Maximum depth of merging; deeper values of a later chunk replace those of an earlier one. */
const DEPTH_MAX = 8

/** Members that later chunks repeat instead of continuing. */
const repeated: ReadonlySet<string> = new Set([
  'role',
  'type',
  'id',
  'object',
  'format',
  'model',
  'finish_reason',
  'index',
])

/**
 * Builds one `chat.completion` object from a stream of `chat.completion.chunk` objects: text is concatenated,
 * tool calls are merged by index, and for everything else the last value is used.
 */
export class CompletionAssembler {
  private readonly head: Record<string, unknown> = {}
  private readonly choices = new Map<unknown, Record<string, unknown>>()

  /** Adds the next chunk in order. */
  add(chunk: Record<string, unknown>): void {
    for (const [name, value] of membersOf(chunk)) {
      if (name !== 'choices' && value !== null) this.head[name] = value
    }
    for (const choice of choicesOf(chunk)) this.addChoice(choice)
  }

  /** The completion so far. */
  completion(): Record<string, unknown> {
    const choices = [...this.choices.values()].toSorted(
      (a, b) => Number(a['index']) - Number(b['index']),
    )
    return { ...this.head, object: 'chat.completion', choices: choices.map(finished) }
  }

  private addChoice({ delta, ...choice }: Record<string, unknown>): void {
    const index = choice['index'] ?? 0
    let known = this.choices.get(index)
    if (!known) {
      known = { index, message: { role: 'assistant', content: null }, finish_reason: null }
      this.choices.set(index, known)
    }
    merge(known, { message: isObject(delta) ? delta : {}, ...choice }, 0)
  }
}

function finished(choice: Record<string, unknown>): Record<string, unknown> {
  const { text, ...rest } = choice
  const message = isObject(choice['message']) ? { ...choice['message'] } : {}
  // The legacy completions API.
  if (typeof text === 'string') message['content'] ??= text
  const calls = message['tool_calls']
  if (Array.isArray(calls)) {
    // The index exists only in streams.
    message['tool_calls'] = calls.filter(isObject).map(({ index: _index, ...call }) => call)
  }
  return { ...rest, message }
}

function merge(into: Record<string, unknown>, from: Record<string, unknown>, depth: number): void {
  for (const [name, value] of membersOf(from)) {
    if (value === null || value === undefined) {
      into[name] ??= null
      continue
    }
    // Some upstreams repeat the function name in every chunk.
    const repeats = repeated.has(name) || (name === 'name' && into[name] === value)
    into[name] = merged(into[name], value, { depth, repeats })
  }
}

function merged(
  known: unknown,
  value: unknown,
  { depth, repeats }: { depth: number; repeats: boolean },
): unknown {
  if (typeof value === 'string') {
    return typeof known === 'string' && !repeats ? known + value : value
  }
  if (depth >= DEPTH_MAX) return value
  if (Array.isArray(value)) {
    const list: unknown[] = Array.isArray(known) ? known : []
    for (const one of value) addItem(list, one, depth)
    return list
  }
  if (!isObject(value)) return value
  const target = isObject(known) ? known : {}
  merge(target, value, depth + 1)
  return target
}

/** Merges an item into an earlier one with the same index or id, or appends it. */
function addItem(list: unknown[], item: unknown, depth: number): void {
  const known = isObject(item) ? knownItem(list, item) : undefined
  if (known && isObject(item)) merge(known, item, depth + 1)
  else list.push(isObject(item) ? merged({}, item, { depth: depth + 1, repeats: false }) : item)
}

function knownItem(
  list: unknown[],
  item: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const { index, id } = item
  const by = (name: string, value: unknown) =>
    list.filter(isObject).find((one) => one[name] === value)
  if (typeof index === 'number') return by('index', index)
  if (typeof id === 'string' && id !== '') return by('id', id)
  // Without either, a fragment of arguments belongs to the previous call.
  const last = isObject(item['function']) ? list.at(-1) : undefined
  return isObject(last) ? last : undefined
}

/** All members except `__proto__`. */
const membersOf = (value: Record<string, unknown>) =>
  Object.entries(value).filter(([name]) => name !== '__proto__')
