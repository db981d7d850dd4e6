import type { ImageJob } from '@sluice/jobs/image-job'
import { expect, test } from 'vitest'

import type { Showing } from './show-task.ts'
import { showTask } from './show-task.ts'

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
const showing: Showing = {
  pathOf: ({ task, index }) => `/p/img/${task}/${index}`,
  withPartials: true,
  position: undefined,
  owner,
}
const partialOf = (partials: number, state: 'generating' | 'waiting' | 'failed' = 'generating') =>
  showTask({ ...job, parts: [{ ...part, index: 1, state, partials }] }, showing).pictures[0]
    ?.partial_url

test('of a picture that is being drawn the newest partial picture is shown', () => {
  expect(partialOf(0)).toBeNull()
  expect(partialOf(3)).toBe('/api/user/images/img_1/partials/1/2')
  expect(partialOf(3, 'failed')).toBeNull()
  expect(partialOf(3, 'waiting')).toBeNull()
})

test('a task names the API key that asked, and never the hidden key of the panel', () => {
  expect(showTask(job, showing).api_key).toEqual({ id: 'key_1', name: 'batch', prefix: 'sk-1' })
  const hidden = { ...owner, isPanelKey: true }
  expect(showTask(job, { ...showing, owner: hidden }).api_key).toBeNull()
  expect(showTask(job, { ...showing, owner: undefined }).api_key).toBeNull()
})

test('a place in line is told of a task that waits, even if it was counted a moment earlier', () => {
  expect(showTask(job, { ...showing, position: 3 }).position).toBeNull()
  expect(showTask({ ...job, state: 'queued' }, { ...showing, position: 3 }).position).toBe(3)
})
