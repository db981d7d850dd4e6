/** What a route answers, before any scripted fault touches it. Each block is written by itself. */
export interface Answer {
  status: number
  headers: Record<string, string>
  blocks: Buffer[]
}

/** A JSON answer. */
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

/** OpenAI's error envelope: all four keys are always there. */
export function envelope({
  message,
  type = 'invalid_request_error',
  param = null,
  code = null,
}: ErrorFacts): { error: Required<ErrorFacts> } {
  return { error: { message, type, param, code } }
}

/** A refusal in OpenAI's envelope. */
export function refusal(status: number, facts: ErrorFacts): Answer {
  return json(envelope(facts), status)
}
