/** Delivered content, measured without a tokenizer. */
export interface Delivered {
  /** UTF-8 bytes of text: content, refusal, reasoning, tool names and arguments. */
  textBytes: number
  /** Tokens of audio and pictures. */
  pieceTokens: number
}

/**
 * Base64 characters of audio per token: OpenAI uses 20 tokens a second, compressed formats 16 kB a second.
 */
const AUDIO_CHARS_PER_TOKEN = 1_000
/** Tokens per picture: Gemini's 1024 × 1024 is 1,290 tokens. */
const PICTURE_TOKENS = 1_290
/** Maximum depth of reasoning details; deeper values are not counted. */
const DEPTH_MAX = 8

/**
 * Adds the content of one message or delta. Reasoning under several names at once, such as `reasoning` and
 * `reasoning_details` of one aggregator, is the same text: only the longest is counted.
 */
export function addDelivered(delivered: Delivered, message: Record<string, unknown>): void {
  let reasoningBytes = 0
  for (const name in message) {
    const value = message[name]
    if (value === null || value === '' || value === undefined) continue
    switch (name) {
      case 'role':
        break
      case 'content':
      case 'text':
      case 'refusal':
        addContent(delivered, value)
        break
      case 'tool_calls':
        if (Array.isArray(value)) for (const call of value) addToolCall(delivered, call)
        break
      case 'function_call':
        addFunction(delivered, value)
        break
      case 'audio':
        addAudio(delivered, value)
        break
      case 'images':
        if (Array.isArray(value)) delivered.pieceTokens += value.length * PICTURE_TOKENS
        break
      default:
        if (isReasoning(name)) reasoningBytes = Math.max(reasoningBytes, textBytesIn(value, 0))
    }
  }
  delivered.textBytes += reasoningBytes
}

// reasoning_content, reasoning, reasoning_text, reasoning_details, thinking, thinking_blocks, thoughts.
const reasoningName = /reason|think|thought/i
const isReasoning = (name: string) => reasoningName.test(name) && !/signature|finish/i.test(name)

/** A string, or an array of parts: text, refusal, reasoning, pictures. */
function addContent(delivered: Delivered, value: unknown): void {
  if (typeof value === 'string') delivered.textBytes += Buffer.byteLength(value)
  else if (Array.isArray(value)) for (const part of value) addPart(delivered, part)
  else addPart(delivered, value)
}

function addPart(delivered: Delivered, part: unknown): void {
  if (typeof part === 'string') delivered.textBytes += Buffer.byteLength(part)
  if (!isObject(part)) return
  const type = part['type']
  if (type === 'image_url' || type === 'image' || type === 'output_image') {
    delivered.pieceTokens += PICTURE_TOKENS
  } else delivered.textBytes += textBytesIn(part, 0)
}

function addToolCall(delivered: Delivered, call: unknown): void {
  if (!isObject(call)) return
  addFunction(delivered, call['function'])
  addFunction(delivered, call['custom'])
}

/** A function's name and arguments, or a custom tool's name and input. Some send arguments as an object. */
function addFunction(delivered: Delivered, value: unknown): void {
  if (!isObject(value)) return
  for (const name of ['name', 'arguments', 'input']) {
    const text = value[name]
    if (typeof text === 'string') delivered.textBytes += Buffer.byteLength(text)
    else if (isObject(text)) delivered.textBytes += Buffer.byteLength(JSON.stringify(text))
  }
}

/** Counts the transcript as text, and the data as audio tokens. */
function addAudio(delivered: Delivered, value: unknown): void {
  if (!isObject(value)) return
  const { data, transcript } = value
  if (typeof transcript === 'string') delivered.textBytes += Buffer.byteLength(transcript)
  if (typeof data === 'string') {
    delivered.pieceTokens += Math.ceil(data.length / AUDIO_CHARS_PER_TOKEN)
  }
}

const notText: ReadonlySet<string> = new Set(['type', 'id', 'format', 'signature', 'index', 'data'])

/** Bytes of all strings inside a value, except in metadata members. */
function textBytesIn(value: unknown, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null || depth >= DEPTH_MAX) return 0
  let bytes = 0
  if (Array.isArray(value)) for (const one of value) bytes += textBytesIn(one, depth + 1)
  else {
    for (const [name, one] of Object.entries(value)) {
      if (!notText.has(name)) bytes += textBytesIn(one, depth + 1)
    }
  }
  return bytes
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
