import { describe, expect, it } from 'vitest'

import { messages as en } from '../i18n/en/pictures.ts'
import { messages as zh } from '../i18n/zh/pictures.ts'
import { failureText, announcementText, positionText, shortPrompt } from './task-texts.ts'
import { taskOf } from './testing/task-of.ts'

describe('a queue position', () => {
  it('is an ordinal number', () => {
    const texts = [null, 1, 2, 3, 4, 11, 12, 13, 21, 22, 103].map((at) => positionText(en, at))
    expect(texts).toEqual([
      'Queued',
      'Next in queue',
      '2nd in queue',
      '3rd in queue',
      '4th in queue',
      '11th in queue',
      '12th in queue',
      '13th in queue',
      '21st in queue',
      '22nd in queue',
      '103rd in queue',
    ])
    expect(positionText(zh, 3)).toBe('排在第 3 位')
  })
})

it('a failure has a sentence, also for the code of another release', () => {
  expect(failureText(en, 'content_policy_violation')).toContain('content')
  expect(failureText(en, 'constructor')).toBe(en.failedOtherwise)
})

it('an announcement has the prompt, what happened and the cost', () => {
  const task = taskOf({ prompt: 'a fox' })
  expect(announcementText(en, task, { name: 'done', stored: 3, failed: 1 })).toBe(
    '3 pictures stored, 1 failed: a fox',
  )
  expect(announcementText(en, task, { name: 'failed', code: 'overloaded' })).toBe(
    'All upstreams were busy. Nothing was charged: a fox',
  )
  expect(announcementText(zh, task, { name: 'queued', position: 2 })).toBe(
    '已排队，排在第 2 位：a fox',
  )
})

it('a long prompt is cut between characters and put on one line', () => {
  expect(shortPrompt('a\n  fox')).toBe('a fox')
  expect([...shortPrompt('🦊'.repeat(500))]).toHaveLength(80)
})
