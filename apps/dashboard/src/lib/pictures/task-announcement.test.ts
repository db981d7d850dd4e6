import { expect, it } from 'vitest'

import { announcementOf } from './task-announcement.ts'
import { pictureOf, taskOf } from './testing/task-of.ts'

it('announces each state of a task once', () => {
  const queued = taskOf({ position: 2 })
  const running = taskOf({ state: 'running' })
  const done = taskOf({
    state: 'done',
    count: 2,
    pictures: [pictureOf({ state: 'stored', url: '/u' })],
  })
  expect(announcementOf(undefined, queued)).toEqual({ name: 'queued', position: 2 })
  expect(announcementOf(queued, running)).toEqual({ name: 'generating' })
  expect(announcementOf(running, done)).toEqual({ name: 'done', stored: 1, failed: 1 })
  expect(announcementOf(done, done)).toBeUndefined()
})

it('does not announce partial pictures, queue moves and tasks that had already ended', () => {
  const running = taskOf({ state: 'running' })
  expect(announcementOf(running, { ...running, last_event: 9 })).toBeUndefined()
  expect(announcementOf(taskOf({ position: 3 }), taskOf({ position: 2 }))).toBeUndefined()
  expect(announcementOf(undefined, taskOf({ state: 'done' }))).toBeUndefined()
})
