import type { ImageJob } from '@sluice/jobs/image-job'
import { expect, test } from 'vitest'

import type { TaskDtoOptions } from './task-dto.ts'
import { toTaskDto } from './task-dto.ts'

const at = new Date(0)
const part = { stored: null, failure: null, partials: 0 }
const job: ImageJob = {
  id: 'img_1',
  wallet: 'wal_1',
  apiKeyId: 'key_1',
  state: 'claimed',
  request: {
    kind: 'generate',
    model: 'm',
    prompt: 'p',
    count: 2,
    size: 'auto',
    quality: 'auto',
    background: 'auto',
    format: 'png',
    partialImages: 3,
    images: [],
  },
  parts: [{ ...part, index: 0, state: 'generating' }],
  failure: null,
  fence: 1,
  attempts: 1,
  lastSeq: 2,
  bodyHash: '',
  createdAt: at,
  startedAt: at,
  endedAt: null,
}
const user = { id: 'usr_1', email: 'ada@example.com' }
const owner = { apiKeyId: 'key_1', name: 'batch', prefix: 'sk-1', isPanelKey: false, user }
const showing: TaskDtoOptions = {
  pathOf: ({ task, index }) => `/p/img/${task}/${index}`,
  withPartials: true,
  position: undefined,
  owner,
}
const partialOf = (partials: number, state: 'generating' | 'waiting' | 'failed' = 'generating') =>
  toTaskDto({ ...job, parts: [{ ...part, index: 1, state, partials }] }, showing).pictures[0]
    ?.partial_url

test('a generating picture has the URL of its newest partial picture', () => {
  expect(partialOf(0)).toBeNull()
  expect(partialOf(3)).toBe('/api/user/images/img_1/partials/1/2')
  expect(partialOf(3, 'failed')).toBeNull()
  expect(partialOf(3, 'waiting')).toBeNull()
})

test('a task has its API key, but never the hidden key of the panel', () => {
  expect(toTaskDto(job, showing).api_key).toEqual({ id: 'key_1', name: 'batch', prefix: 'sk-1' })
  const hidden = { ...owner, isPanelKey: true }
  expect(toTaskDto(job, { ...showing, owner: hidden }).api_key).toBeNull()
  expect(toTaskDto(job, { ...showing, owner: undefined }).api_key).toBeNull()
})

test('only a queued task has a queue position', () => {
  expect(toTaskDto(job, { ...showing, position: 3 }).position).toBeNull()
  expect(toTaskDto({ ...job, state: 'queued' }, { ...showing, position: 3 }).position).toBe(3)
})
