import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { memoryAnswerStore } from '../store/memory-answer-store.ts'
import { claimAnswer, createAnswerWaits, renewClaims } from './claim-answer.ts'

it('an unreleased claim expires with its lease; claims of running requests are renewed', async () => {
  const clock = fakeClock()
  const answerStore = memoryAnswerStore()
  const deps = { answerStore, clock, waits: createAnswerWaits() }
  const claim = (key: string, holder: string) =>
    claimAnswer(deps, {
      apiKeyId: 'key_1',
      route: 'chat',
      key,
      body: new TextEncoder().encode('{}'),
      holder,
      signal: AbortSignal.timeout(60_000),
    })
  const running = new Set(['req_2'])
  await claim('left', 'req_1')
  await claim('running', 'req_2')
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(20_000)
    await renewClaims(deps, { holders: running })
  }
  expect(await claim('left', 'req_3')).toMatchObject({ outcome: 'run' })
  const name = { apiKeyId: 'key_1', route: 'chat', key: 'running' }
  const answer = { status: 200, contentType: 'application/json', requestId: 'req_2', body: null }
  expect(await answerStore.saveAnswer({ ...name, holder: 'req_2', answer })).toBe(true)
})
