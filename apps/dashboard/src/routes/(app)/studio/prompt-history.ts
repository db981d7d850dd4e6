const PROMPTS_MAX = 50
const PROMPT_CHARS_MAX = 32_000

/** Prompts that were sent, the newest first, each once. */
export function rememberPrompt(history: readonly string[], prompt: string): string[] {
  const said = prompt.trim()
  if (said === '') return [...history]
  return [said, ...history.filter((known) => known !== said)].slice(0, PROMPTS_MAX)
}

/** What a browser kept; anything that is not a list of prompts is no history. */
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

/** Where one is in the history: -1 is what one was writing, kept in `draft`. */
export interface Recall {
  at: number
  draft: string
}

export const notRecalling: Recall = { at: -1, draft: '' }

export interface Recalled {
  recall: Recall
  text: string
}

/** One prompt further back; undefined at the oldest. What was being written is kept. */
export function recallOlder(
  history: readonly string[],
  { recall, text }: Recalled,
): Recalled | undefined {
  const draft = recall.at === -1 ? text : recall.draft
  // The newest may be what stands there already: then the arrow would seem dead.
  const skip = recall.at === -1 && history[0] === text.trim() ? 1 : 0
  const at = recall.at + 1 + skip
  const found = history[at]
  return found === undefined ? undefined : { recall: { at, draft }, text: found }
}

/** One prompt forward, at last to what was being written; undefined when one is there. */
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

/** True when arrow-up has no line to go to; a selection is never left. */
export function isOnFirstLine(
  text: string,
  { start, end }: { start: number; end: number },
): boolean {
  return start === end && !text.slice(0, start).includes('\n')
}

/** True when arrow-down has no line to go to. */
export function isOnLastLine(
  text: string,
  { start, end }: { start: number; end: number },
): boolean {
  return start === end && !text.slice(end).includes('\n')
}
