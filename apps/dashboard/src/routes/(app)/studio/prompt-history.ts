const PROMPTS_MAX = 50
const PROMPT_CHARS_MAX = 32_000

/** Sent prompts, the newest first, each once. */
export function rememberPrompt(history: readonly string[], prompt: string): string[] {
  const text = prompt.trim()
  if (text === '') return [...history]
  return [text, ...history.filter((known) => known !== text)].slice(0, PROMPTS_MAX)
}

/** Parses the stored history; empty if it is not a list of prompts. */
export function readHistory(text: string | null): string[] {
  try {
    const studioStorage: unknown = JSON.parse(text ?? '[]')
    if (!Array.isArray(studioStorage)) return []
    return studioStorage
      .filter((item): item is string => typeof item === 'string' && item.length <= PROMPT_CHARS_MAX)
      .slice(0, PROMPTS_MAX)
  } catch {
    return []
  }
}

/** The position in the history; -1 is the unsent text, stored in `draft`. */
export interface Recall {
  at: number
  draft: string
}

export const notRecalling: Recall = { at: -1, draft: '' }

export interface Recalled {
  recall: Recall
  text: string
}

/** One prompt further back; undefined at the oldest. The draft is kept. */
export function recallOlder(
  history: readonly string[],
  { recall, text }: Recalled,
): Recalled | undefined {
  const draft = recall.at === -1 ? text : recall.draft
  // The newest prompt may equal the current text; it is skipped, so that the arrow has an effect.
  const skip = recall.at === -1 && history[0] === text.trim() ? 1 : 0
  const at = recall.at + 1 + skip
  const found = history[at]
  return found === undefined ? undefined : { recall: { at, draft }, text: found }
}

/** One prompt forward, finally to the draft; undefined at the draft. */
export function recallNewer(
  history: readonly string[],
  { recall }: Recalled,
): Recalled | undefined {
  if (recall.at === -1) return undefined
  const at = recall.at - 1
  const found = history[at]
  if (found === undefined) return { recall: notRecalling, text: recall.draft }
  return { recall: { ...recall, at }, text: found }
}

/** True when arrow-up has no line above; false with a selection. */
export function isOnFirstLine(
  text: string,
  { start, end }: { start: number; end: number },
): boolean {
  return start === end && !text.slice(0, start).includes('\n')
}

/** True when arrow-down has no line below. */
export function isOnLastLine(
  text: string,
  { start, end }: { start: number; end: number },
): boolean {
  return start === end && !text.slice(end).includes('\n')
}
