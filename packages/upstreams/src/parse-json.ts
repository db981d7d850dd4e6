/** Parses external JSON; undefined when invalid, which no schema here accepts. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The caller handles invalid JSON; the parser's message is not needed.
    return undefined
  }
}
