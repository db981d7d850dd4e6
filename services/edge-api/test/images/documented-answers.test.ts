import {
  imageAnswer,
  imageStreamEvent,
  imageTask,
  imageTaskEvent,
  imageTaskHead,
} from '@sluice/contracts/public-api/images'
import { expect, test } from 'vitest'

import { createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const body = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low', n: 2 }

const eventsOf = async (answer: Response): Promise<unknown[]> =>
  (await answer.text())
    .split('\n\n')
    .flatMap((block) => /^data: (.*)$/m.exec(block)?.slice(1) ?? [])
    .filter((data) => data !== '[DONE]')
    .map((data) => JSON.parse(data) as unknown)

test('answers of the image routes have the members that OpenAPI describes, and no other', async () => {
  const { post, call } = await createFixture()

  const whole = imageAnswer.strict().parse(await (await post(GENERATIONS, body)).json())
  expect(whole.data).toHaveLength(2)

  const streamed = await eventsOf(await post(GENERATIONS, { ...body, stream: true }))
  expect(streamed.map((event) => imageStreamEvent.parse(event).type)).toContain(
    'image_generation.completed',
  )

  const accepted = await post(GENERATIONS, { ...body, async: true })
  expect(accepted.status).toBe(202)
  const { id } = imageTaskHead.strict().parse(await accepted.json())
  const events = await eventsOf(await call(`/v1/images/tasks/${id}/events`))
  expect(events.map((event) => imageTaskEvent.parse(event).type).at(-1)).toBe('done')
  const task = imageTask.strict().parse(await (await call(`/v1/images/tasks/${id}`)).json())
  expect(task.data).toHaveLength(2)
})
