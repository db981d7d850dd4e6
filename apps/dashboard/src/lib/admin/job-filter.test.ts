import { expect, it } from 'vitest'

import { readJobFilter, tookMs } from './job-filter.ts'

it('unknown filter values are ignored, so that an old link still opens', () => {
  const user = `usr_${'0'.repeat(32)}`
  const good = { q: 'heron', state: 'failed', from: '2026-11-01', to: '2026-11-21', user_id: user }
  expect(readJobFilter(new URLSearchParams(good))).toEqual(good)
  const bad = 'q=&state=odd&from=soon&to=2026-99-99&user_id=ada'
  expect(readJobFilter(new URLSearchParams(bad))).toEqual({})
})

it('the duration counts from the start; a queued job has none', () => {
  const started = '2026-11-21T12:00:00.000Z'
  const nowMs = Date.parse('2026-11-21T12:00:05.000Z')
  expect(tookMs({ started_at: null, ended_at: null }, nowMs)).toBeUndefined()
  expect(tookMs({ started_at: started, ended_at: null }, nowMs)).toBe(5_000)
  expect(tookMs({ started_at: started, ended_at: '2026-11-21T12:00:02.000Z' }, nowMs)).toBe(2_000)
})
