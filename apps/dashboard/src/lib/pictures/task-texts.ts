import type { AreaMessages } from '#lib/i18n/areas.ts'

import { parseSize } from './picture-shape.ts'
import type { Task } from './task.ts'
import type { TaskNews } from './task-news.ts'
import type { Stage } from './tile-stage.ts'

export type PictureMessages = AreaMessages<'pictures'>

const PROMPT_CHARS_MAX = 80

/** A prompt in one line, for names and news. */
export function shortPrompt(prompt: string): string {
  const line = prompt.replaceAll(/\s+/g, ' ').trim()
  const letters = [...line]
  if (letters.length <= PROMPT_CHARS_MAX) return line
  return `${letters.slice(0, PROMPT_CHARS_MAX - 1).join('')}…`
}

/** What happened to a picture, without what to do. */
export function failureText(messages: PictureMessages, code: string): string {
  return isTold(messages, code) ? messages.failures[code] : messages.failedOtherwise
}

/** A place in line as words. */
export function positionText(messages: PictureMessages, position: number | null): string {
  if (position === null) return messages.waiting
  return position === 1 ? messages.nextInLine : messages.inLine(position)
}

/** The stage of a tile in one short line; `seconds` is how long it has been drawn. */
export function stageText(messages: PictureMessages, stage: Stage, seconds: string | null): string {
  switch (stage.name) {
    case 'queued':
      return positionText(messages, stage.position)
    case 'generating':
      return seconds === null ? messages.generating : messages.drawingFor(seconds)
    case 'stored':
      return messages.states.done
    case 'gone':
      return messages.gone
    case 'failed':
      return messages.states.failed
    case 'cancelled':
      return messages.states.cancelled
  }
}

/** News of a task as a sentence for those who listen. */
export function newsText(messages: PictureMessages, task: Task, news: TaskNews): string {
  const prompt = shortPrompt(task.prompt)
  const { news: say } = messages
  switch (news.name) {
    case 'queued':
      if (news.position === null) return say.queued(prompt)
      return say.queuedAt(prompt, positionText(messages, news.position))
    case 'generating':
      return say.generating(prompt)
    case 'done': {
      const stored = messages.pictureCount(news.stored)
      return news.failed > 0
        ? say.partly(prompt, stored, String(news.failed))
        : say.done(prompt, stored)
    }
    case 'failed':
      return say.failed(prompt, failureText(messages, news.code))
    case 'cancelled':
      return say.cancelled(prompt)
  }
}

/** `1536 × 1024`, or that the upstream chooses. */
export function sizeText(messages: PictureMessages, size: string): string {
  const shape = parseSize(size)
  if (!shape) return messages.qualities.auto
  return messages.dimensions(String(shape.width), String(shape.height))
}

/** A setting's word, or the setting itself where another release has more of them. */
export function choiceText<Messages extends Record<string, string>>(
  messages: Messages,
  value: string,
) {
  return Object.hasOwn(messages, value) ? (messages[value] ?? value) : value
}

const isTold = (
  { failures }: PictureMessages,
  code: string,
): code is keyof PictureMessages['failures'] => Object.hasOwn(failures, code)
