export interface SseEvent {
  id: string | undefined
  event: string | undefined
  data: string
}

/** Reads an event stream to its end, without comments. Independent of our own reader, which is under test. */
export async function readSse(response: Response): Promise<SseEvent[]> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status}: ${text}`)
  return text
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line && !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => ({
      id: field(lines, 'id'),
      event: field(lines, 'event'),
      data: field(lines, 'data') ?? '',
    }))
}

function field(lines: string[], name: string): string | undefined {
  const found = lines.filter((line) => line.startsWith(`${name}:`))
  if (found.length === 0) return undefined
  return found.map((line) => line.slice(name.length + 1).trimStart()).join('\n')
}
