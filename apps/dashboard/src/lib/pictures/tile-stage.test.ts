import { describe, expect, it } from 'vitest'

import { pictureOf, taskOf } from './testing/task-of.ts'
import { cancelRefusal, failedCount, picturesOf, stageOf } from './tile-stage.ts'

const failure = { code: 'upstream_failed', message: 'x' }

describe('a tile', () => {
  it('is queued with its position', () => {
    const task = taskOf({ position: 3 })
    expect(stageOf(task, pictureOf())).toEqual({ name: 'queued', position: 3 })
  })

  it('is generating since the start of the task, with the newest partial picture', () => {
    const task = taskOf({ state: 'running', started_at: '2026-01-01T00:00:41.000Z' })
    expect(stageOf(task, pictureOf({ state: 'generating', partial_url: '/p' }))).toEqual({
      name: 'generating',
      sinceMs: Date.UTC(2026, 0, 1, 0, 0, 41),
      partialUrl: '/p',
    })
  })

  it('shows a stored picture while others of the task are generating', () => {
    const task = taskOf({ state: 'running' })
    expect(stageOf(task, pictureOf({ state: 'stored', url: '/u' }))).toEqual({
      name: 'stored',
      url: '/u',
    })
    expect(stageOf(task, pictureOf({ state: 'stored' }))).toEqual({ name: 'deleted' })
  })

  it("shows its own failure, otherwise the task's", () => {
    const task = taskOf({ state: 'failed', failure })
    expect(stageOf(task, pictureOf({ state: 'failed' }))).toEqual({ name: 'failed', failure })
    const own = { code: 'content_policy_violation', message: 'y' }
    expect(stageOf(task, pictureOf({ state: 'failed', failure: own }))).toEqual({
      name: 'failed',
      failure: own,
    })
  })

  it('is never queued when its task has ended', () => {
    for (const state of ['waiting', 'generating'] as const) {
      const picture = pictureOf({ state })
      expect(stageOf(taskOf({ state: 'failed', failure }), picture).name).toBe('failed')
      expect(stageOf(taskOf({ state: 'cancelled' }), picture).name).toBe('cancelled')
      expect(stageOf(taskOf({ state: 'done' }), picture).name).toBe('failed')
    }
  })
})

it('a task has as many tiles as requested pictures from the start', () => {
  const task = taskOf({ count: 3, pictures: [pictureOf({ index: 1, state: 'stored', url: '/u' })] })
  expect(picturesOf(task).map(({ index, state }) => [index, state])).toEqual([
    [0, 'waiting'],
    [1, 'stored'],
    [2, 'waiting'],
  ])
})

it('counts failed pictures of a partly successful task, so that only those are retried', () => {
  const pictures = [
    pictureOf({ state: 'stored', url: '/u' }),
    pictureOf({ index: 1, state: 'failed' }),
  ]
  expect(failedCount(taskOf({ state: 'done', count: 2, pictures }))).toBe(1)
  expect(failedCount(taskOf({ state: 'running', count: 2, pictures }))).toBe(0)
  expect(failedCount(taskOf({ state: 'failed', count: 2 }))).toBe(0)
})

it('only a queued task can be cancelled', () => {
  expect(cancelRefusal(taskOf({ state: 'queued' }))).toBeNull()
  expect(cancelRefusal(taskOf({ state: 'running' }))).toBe('generating')
  expect(cancelRefusal(taskOf({ state: 'done' }))).toBe('ended')
})
