/** Parses JSON that somebody else wrote; undefined when it is none, which no schema of ours accepts. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The caller decides what broken JSON means; the parser's words add nothing.
    return undefined
  }
}
