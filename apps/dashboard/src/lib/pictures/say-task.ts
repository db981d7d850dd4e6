import type { AreaWords } from '#lib/i18n/areas.ts'

import { parseSize } from './picture-shape.ts'
import type { Task } from './task.ts'
import type { TaskNews } from './task-news.ts'
import type { Stage } from './tile-stage.ts'

export type PictureWords = AreaWords<'pictures'>

const PROMPT_CHARS_MAX = 80

/** A prompt in one line, for names and news. */
export function shortPrompt(prompt: string): string {
  const line = prompt.replaceAll(/\s+/g, ' ').trim()
  const letters = [...line]
  if (letters.length <= PROMPT_CHARS_MAX) return line
  return `${letters.slice(0, PROMPT_CHARS_MAX - 1).join('')}…`
}

/** What happened to a picture, without what to do. */
export function sayFailure(words: PictureWords, code: string): string {
  return isTold(words, code) ? words.failures[code] : words.failedOtherwise
}

/** A place in line as words. */
export function sayPosition(words: PictureWords, position: number | null): string {
  if (position === null) return words.waiting
  return position === 1 ? words.nextInLine : words.inLine(position)
}

/** The stage of a tile in one short line; `seconds` is how long it has been drawn. */
export function sayStage(words: PictureWords, stage: Stage, seconds: string | null): string {
  switch (stage.name) {
    case 'queued':
      return sayPosition(words, stage.position)
    case 'drawing':
      return seconds === null ? words.drawing : words.drawingFor(seconds)
    case 'stored':
      return words.states.done
    case 'gone':
      return words.gone
    case 'failed':
      return words.states.failed
    case 'cancelled':
      return words.states.cancelled
  }
}

/** News of a task as a sentence for those who listen. */
export function sayNews(words: PictureWords, task: Task, news: TaskNews): string {
  const prompt = shortPrompt(task.prompt)
  const { news: say } = words
  switch (news.name) {
    case 'queued':
      if (news.position === null) return say.queued(prompt)
      return say.queuedAt(prompt, sayPosition(words, news.position))
    case 'drawing':
      return say.drawing(prompt)
    case 'done': {
      const stored = words.pictureCount(news.stored)
      return news.failed > 0
        ? say.partly(prompt, stored, String(news.failed))
        : say.done(prompt, stored)
    }
    case 'failed':
      return say.failed(prompt, sayFailure(words, news.code))
    case 'cancelled':
      return say.cancelled(prompt)
  }
}

/** `1536 × 1024`, or that the upstream chooses. */
export function saySize(words: PictureWords, size: string): string {
  const shape = parseSize(size)
  if (!shape) return words.qualities.auto
  return words.dimensions(String(shape.width), String(shape.height))
}

/** A setting's word, or the setting itself where another release has more of them. */
export function sayChoice<Words extends Record<string, string>>(words: Words, value: string) {
  return Object.hasOwn(words, value) ? (words[value] ?? value) : value
}

const isTold = ({ failures }: PictureWords, code: string): code is keyof PictureWords['failures'] =>
  Object.hasOwn(failures, code)
