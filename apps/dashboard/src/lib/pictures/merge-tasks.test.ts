import { describe, expect, it } from 'vitest'

import { mergeTask, mergeTasks } from './merge-tasks.ts'
import { pictureOf, taskOf } from './testing/task-of.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const endsIn = (ms: number, signature: string) =>
  `/p/img/t/0?exp=${(NOW_MS + ms) / 1_000}&sig=${signature}`

describe('two versions of one task', () => {
  it('merge to the one with more events, in any order of arrival', () => {
    const early = taskOf({ state: 'queued', last_event: 1 })
    const late = taskOf({ state: 'running', last_event: 4 })
    expect(mergeTask(early, late, NOW_MS).state).toBe('running')
    expect(mergeTask(late, early, NOW_MS).state).toBe('running')
  })

  it('merge to the later one at equal events, since the queue position changes without events', () => {
    const before = taskOf({ last_event: 1, position: 3 })
    expect(mergeTask(before, { ...before, position: 2 }, NOW_MS).position).toBe(2)
  })

  it('never reopen an ended task', () => {
    const ended = taskOf({ state: 'cancelled', last_event: 2 })
    const stale = taskOf({ state: 'queued', last_event: 2, position: 1 })
    expect(mergeTask(ended, stale, NOW_MS).state).toBe('cancelled')
  })

  it('keep the charge that only one of them has', () => {
    const billed = {
      ...taskOf({ state: 'done', last_event: 9 }),
      held_micro: '5',
      charged_micro: '4',
    }
    const listed = taskOf({ state: 'done', last_event: 9 })
    expect(mergeTask(billed, listed, NOW_MS)).toMatchObject({ held_micro: '5', charged_micro: '4' })
    expect(mergeTask(listed, billed, NOW_MS)).toMatchObject({ charged_micro: '4' })
    const unbilled = { ...billed, last_event: 8, charged_micro: null }
    expect(mergeTask(billed, unbilled, NOW_MS).charged_micro).toBe('4')
  })

  it('keep a valid link, so that no picture is loaded twice, and replace an expiring one', () => {
    const withLink = (url: string) => taskOf({ pictures: [pictureOf({ state: 'stored', url })] })
    const merged = (left: number) =>
      mergeTask(withLink(endsIn(left, 'old')), withLink(endsIn(3_600_000, 'new')), NOW_MS)
    expect(merged(1_800_000).pictures[0]?.url).toContain('sig=old')
    expect(merged(60_000).pictures[0]?.url).toContain('sig=new')
  })
})

it('lists of tasks are merged, newest first, each task once', () => {
  const task = (digit: string, created: string) =>
    taskOf({ id: `img_${digit.repeat(32)}`, created_at: created })
  const [one, two, three] = [
    task('1', '2026-01-01T00:00:01.000Z'),
    task('2', '2026-01-01T00:00:02.000Z'),
    task('3', '2026-01-01T00:00:03.000Z'),
  ]
  const merged = mergeTasks([two, one], [three, two], NOW_MS)
  expect(merged.map(({ id }) => id[4])).toEqual(['3', '2', '1'])
})
