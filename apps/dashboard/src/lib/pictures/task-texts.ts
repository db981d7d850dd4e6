import type { AreaMessages } from '#lib/i18n/areas.ts'

import { parseSize } from './picture-shape.ts'
import type { Task } from './task.ts'
import type { TaskAnnouncement } from './task-announcement.ts'
import type { Stage } from './tile-stage.ts'

export type PictureMessages = AreaMessages<'pictures'>

const PROMPT_CHARS_MAX = 80

/** A prompt on one line, for accessible names and announcements. */
export function shortPrompt(prompt: string): string {
  const line = prompt.replaceAll(/\s+/g, ' ').trim()
  const letters = [...line]
  if (letters.length <= PROMPT_CHARS_MAX) return line
  return `${letters.slice(0, PROMPT_CHARS_MAX - 1).join('')}…`
}

/** Why a picture failed. */
export function failureText(messages: PictureMessages, code: string): string {
  return hasText(messages, code) ? messages.failures[code] : messages.failedOtherwise
}

/** A queue position as text. */
export function positionText(messages: PictureMessages, position: number | null): string {
  if (position === null) return messages.waiting
  return position === 1 ? messages.nextInLine : messages.inLine(position)
}

/** The stage of a tile in one short line; `seconds` is the time since generation started. */
export function stageText(messages: PictureMessages, stage: Stage, seconds: string | null): string {
  switch (stage.name) {
    case 'queued':
      return positionText(messages, stage.position)
    case 'generating':
      return seconds === null ? messages.generating : messages.generatingFor(seconds)
    case 'stored':
      return messages.states.done
    case 'deleted':
      return messages.deleted
    case 'failed':
      return messages.states.failed
    case 'cancelled':
      return messages.states.cancelled
  }
}

/** The announcement of a task as a sentence for screen readers. */
export function announcementText(
  messages: PictureMessages,
  task: Task,
  announcement: TaskAnnouncement,
): string {
  const prompt = shortPrompt(task.prompt)
  const { announcements: texts } = messages
  switch (announcement.name) {
    case 'queued':
      if (announcement.position === null) return texts.queued(prompt)
      return texts.queuedAt(prompt, positionText(messages, announcement.position))
    case 'generating':
      return texts.generating(prompt)
    case 'done': {
      const stored = messages.pictureCount(announcement.stored)
      return announcement.failed > 0
        ? texts.partly(prompt, stored, String(announcement.failed))
        : texts.done(prompt, stored)
    }
    case 'failed':
      return texts.failed(prompt, failureText(messages, announcement.code))
    case 'cancelled':
      return texts.cancelled(prompt)
  }
}

/** `1536 × 1024`, or the text of `auto`. */
export function sizeText(messages: PictureMessages, size: string): string {
  const shape = parseSize(size)
  if (!shape) return messages.qualities.auto
  return messages.dimensions(String(shape.width), String(shape.height))
}

/** The text of a setting's value, or the value itself if it has no text (another release). */
export function choiceText<Messages extends Record<string, string>>(
  messages: Messages,
  value: string,
) {
  return Object.hasOwn(messages, value) ? (messages[value] ?? value) : value
}

const hasText = (
  { failures }: PictureMessages,
  code: string,
): code is keyof PictureMessages['failures'] => Object.hasOwn(failures, code)
