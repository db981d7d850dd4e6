/** The response of a route before a scripted fault is applied. Each block is a separate write. */
export interface Answer {
  status: number
  headers: Record<string, string>
  blocks: Buffer[]
}

/** A JSON response. */
export function json(value: unknown, status = 200): Answer {
  const body = Buffer.from(JSON.stringify(value))
  return {
    status,
    headers: { 'content-type': 'application/json', 'content-length': `${body.byteLength}` },
    blocks: [body],
  }
}

/** A stream of server-sent events, already framed. */
export function events(blocks: string[]): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    blocks: blocks.map((block) => Buffer.from(block)),
  }
}

/** One framed event; without a name it is a bare `data:` block. */
export function event(value: unknown, name?: string): string {
  const head = name === undefined ? '' : `event: ${name}\n`
  return `${head}data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
}

export interface ErrorFacts {
  message: string
  type?: string
  param?: string | null
  code?: string | null
}

/** OpenAI's error envelope, always with all four keys. */
export function envelope({
  message,
  type = 'invalid_request_error',
  param = null,
  code = null,
}: ErrorFacts): { error: Required<ErrorFacts> } {
  return { error: { message, type, param, code } }
}

/** An error response with OpenAI's envelope. */
export function refusal(status: number, facts: ErrorFacts): Answer {
  return json(envelope(facts), status)
}
