import { expect, test } from 'vitest'

import { file, form, png, send } from './form-parts.ts'
import { jsonOf, createFixture } from './fixture.ts'

const model = { name: 'model', value: 'gpt-image-2' }

test('a form field that is not UTF-8 is refused with its name, and nothing is stored', async () => {
  const fixture = await createFixture()
  const prompt = { name: 'prompt', value: Buffer.from([0x63, 0x61, 0x66, 0xe9]) }
  const answer = await send(fixture, form([model, file('image', png), prompt]))
  const { error } = await jsonOf(answer)
  expect([answer.status, error.code, error.param]).toEqual([400, 'invalid_value', 'prompt'])
  expect(error.message).toMatch(/UTF-8/)
  expect(await fixture.leftovers()).toEqual([])
})

test.each([
  ['beyond ASCII', 'café 猫 🦊', undefined],
  ['U+FFFD itself', 'a \uFFFD in a diamond', undefined],
  ['of a part that names its charset', 'café \uFFFD', 'text/plain; charset=utf-8'],
])('a form field may contain any character: %s', async (_name, value, type) => {
  const prompts: string[] = []
  const fixture = await createFixture({
    generateImage: async ({ request }) => void prompts.push(request.prompt) as undefined,
  })
  const prompt = { name: 'prompt', value, ...(type && { type }) }
  const answer = await send(fixture, form([model, file('image', png), prompt]))
  expect(answer.status).toBe(200)
  expect(prompts).toEqual([value])
})

test('a truncated character at the end of a field is refused', async () => {
  const fixture = await createFixture()
  const prompt = { name: 'prompt', value: Buffer.from('fox \u{1F98A}').subarray(0, 6) }
  const answer = await send(fixture, form([model, prompt, file('image', png)]))
  const { error } = await jsonOf(answer)
  expect([answer.status, error.param]).toEqual([400, 'prompt'])
})

test('a JSON body of the control API that is not UTF-8 is refused', async () => {
  const { call } = await createFixture()
  const answer = await call('/api/user/images', {
    method: 'POST',
    body: Buffer.from([...Buffer.from('{"prompt":"caf'), 0xe9, ...Buffer.from('"}')]),
    headers: { authorization: 'Bearer at-ada', 'content-type': 'application/json' },
  })
  expect(answer.status).toBe(400)
  expect((await jsonOf(answer)).error.message).toMatch(/UTF-8/)
})
