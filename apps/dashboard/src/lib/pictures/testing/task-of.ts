import type { Picture, Task } from '../task.ts'

/** A queued task; a test overrides the values it needs. */
export const taskOf = (more: Partial<Task> = {}): Task => ({
  id: `img_${'0'.repeat(26)}abcdef`,
  state: 'queued',
  kind: 'generate',
  model: 'model-a',
  prompt: 'a fox in the snow',
  count: 1,
  size: 'auto',
  quality: 'auto',
  background: 'auto',
  format: 'png',
  references: 0,
  created_at: '2026-01-01T00:00:00.000Z',
  started_at: null,
  ended_at: null,
  position: null,
  last_event: 1,
  pictures: [],
  failure: null,
  api_key: null,
  ...more,
})

export const pictureOf = (more: Partial<Picture> = {}): Picture => ({
  index: 0,
  state: 'waiting',
  url: null,
  width: null,
  height: null,
  bytes: null,
  format: null,
  revised_prompt: null,
  partial_url: null,
  failure: null,
  ...more,
})
