import { choicesOf, isObject } from './chat-object.ts'

/** Nesting of what is merged; deeper values of a later chunk replace those of an earlier one. */
const DEPTH_MAX = 8

/** Members that later chunks repeat whole instead of going on with them. */
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
 * Builds the one `chat.completion` object that a stream of `chat.completion.chunk` objects stands for:
 * texts are joined, tool calls by their index, and the last of everything else holds.
 */
export class CompletionAssembler {
  private readonly head: Record<string, unknown> = {}
  private readonly choices = new Map<unknown, Record<string, unknown>>()

  /** Takes the next chunk in order. */
  add(chunk: Record<string, unknown>): void {
    for (const [name, value] of membersOf(chunk)) {
      if (name !== 'choices' && value !== null) this.head[name] = value
    }
    for (const choice of choicesOf(chunk)) this.addChoice(choice)
  }

  /** The whole answer so far. */
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
  // The older API of completions.
  if (typeof text === 'string') message['content'] ??= text
  const calls = message['tool_calls']
  if (Array.isArray(calls)) {
    // The index belongs to the stream.
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
    // Some upstreams repeat the name of a function in every chunk.
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

/** An item with the index, or the id, of one before goes on with it. */
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
  // Without either, a piece of arguments belongs to the call before.
  const last = isObject(item['function']) ? list.at(-1) : undefined
  return isObject(last) ? last : undefined
}

/** All members but the one that would change an object's prototype. */
const membersOf = (value: Record<string, unknown>) =>
  Object.entries(value).filter(([name]) => name !== '__proto__')
