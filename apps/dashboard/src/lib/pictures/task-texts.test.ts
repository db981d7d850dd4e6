import { describe, expect, it } from 'vitest'

import { messages as en } from '../i18n/en/pictures.ts'
import { messages as zh } from '../i18n/zh/pictures.ts'
import { failureText, newsText, positionText, shortPrompt } from './task-texts.ts'
import { taskOf } from './testing/task-of.ts'

describe('a place in line', () => {
  it('is said as people say it', () => {
    const said = [null, 1, 2, 3, 4, 11, 12, 13, 21, 22, 103].map((at) => positionText(en, at))
    expect(said).toEqual([
      'Waiting its turn',
      'Next in line',
      '2nd in line',
      '3rd in line',
      '4th in line',
      '11th in line',
      '12th in line',
      '13th in line',
      '21st in line',
      '22nd in line',
      '103rd in line',
    ])
    expect(positionText(zh, 3)).toBe('排在第 3 位')
  })
})

it('a failure is a sentence, also one of another release', () => {
  expect(failureText(en, 'content_policy_violation')).toContain('content')
  expect(failureText(en, 'constructor')).toBe(en.failedOtherwise)
})

it('news name the picture, what happened and what it cost', () => {
  const task = taskOf({ prompt: 'a fox' })
  expect(newsText(en, task, { name: 'done', stored: 3, failed: 1 })).toBe(
    '3 pictures stored, 1 failed: a fox',
  )
  expect(newsText(en, task, { name: 'failed', code: 'overloaded' })).toBe(
    'No upstream was free. Nothing was charged: a fox',
  )
  expect(newsText(zh, task, { name: 'queued', position: 2 })).toBe('已排队，排在第 2 位：a fox')
})

it('a long prompt is cut between letters, and put on one line', () => {
  expect(shortPrompt('a\n  fox')).toBe('a fox')
  expect([...shortPrompt('🦊'.repeat(500))]).toHaveLength(80)
})
