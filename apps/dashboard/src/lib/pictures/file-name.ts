import type { Task } from './task.ts'

const WORDS_CHARS_MAX = 48
const ID_TAIL = 6

/**
 * A descriptive and unique file name for a downloaded picture: words of the prompt, the end of the task id, and
 * the picture's number if there are several. Safe on every file system.
 */
export function fileNameOf(
  task: Pick<Task, 'id' | 'prompt' | 'count' | 'format'>,
  picture: { index: number; format: Task['format'] | null },
): string {
  const number = task.count > 1 ? [`${picture.index + 1}`] : []
  const parts = [messagesOf(task.prompt), task.id.slice(-ID_TAIL), ...number].filter(Boolean)
  return `${parts.join('-')}.${extensionOf(picture.format ?? task.format)}`
}

/** The file extension: `jpg` for jpeg. */
export function extensionOf(format: Task['format']): string {
  return format === 'jpeg' ? 'jpg' : format
}

function messagesOf(prompt: string): string {
  const words = prompt
    .normalize('NFC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter(Boolean)
  let name = ''
  for (const word of words) {
    const longer = name === '' ? word : `${name}-${word}`
    if (longer.length > WORDS_CHARS_MAX) break
    name = longer
  }
  // One long run of letters, for example Chinese text.
  return name || [...(words[0] ?? '')].slice(0, WORDS_CHARS_MAX / 2).join('')
}
