import { expect, test } from 'vitest'

import { EDITS, file, form, requiredParts, mask, png, send } from './form-parts.ts'
import { panelOf } from './panel.ts'
import { jsonOf, createFixture } from './fixture.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const bodies: [string, string][] = [
  ['Model', '{"model":"gpt-image-2","prompt":"a fox","Model":"other"}'],
  ['N', '{"model":"gpt-image-2","prompt":"a fox","n":1,"N":10}'],
  ['n', '{"model":"gpt-image-2","prompt":"a fox","n":1,"\\u006e":10}'],
  ['Quality', '{"model":"gpt-image-2","prompt":"a fox","quality":"low","Quality":"high"}'],
  ['\u017fize', '{"model":"gpt-image-2","prompt":"a fox","\u017fize":"1536x1024"}'],
  ['\uff50rompt', '{"model":"gpt-image-2","prompt":"a fox","\uff50rompt":"a bear"}'],
  ['partialImages', '{"model":"gpt-image-2","prompt":"a fox","partialImages":3}'],
]

test('an ambiguous body becomes no job, at the image routes and in the panel', async () => {
  const fixture = await createFixture()
  const panel = panelOf(fixture)
  for (const [param, body] of bodies) {
    for (const path of ['/v1/images/generations', EDITS]) {
      const answer = await fixture.call(path, { method: 'POST', body, headers: JSON_TYPE })
      expect(answer.status, `${path} ${param}`).toBe(400)
      expect((await jsonOf(answer)).error).toMatchObject({ param, code: 'invalid_value' })
    }
    const init = { method: 'POST', body, headers: JSON_TYPE }
    const { status, body: answer } = await panel.json('/api/user/images', init)
    expect([status, answer.error.code, answer.error.param]).toEqual([400, 'invalid_value', param])
  }
  expect(await fixture.leftovers()).toEqual([])
})

test('an ambiguous form becomes no job', async () => {
  const fixture = await createFixture()
  const field = (name: string, value: string) => ({ name, value })
  const cases: [string, ReturnType<typeof form>][] = [
    ['n', form([...requiredParts, file('image', png), field('n', '1'), field('n', '10')])],
    ['Model', form([...requiredParts, file('image', png), field('Model', 'other')])],
    ['\u017fize', form([...requiredParts, file('image', png), field('\u017fize', '64x64')])],
    ['Image', form([...requiredParts, file('image', png), file('Image[]', png)])],
    ['MASK', form([...requiredParts, file('image', png), file('MASK', mask)])],
  ]
  for (const [param, body] of cases) {
    const answer = await send(fixture, body)
    expect(answer.status, param).toBe(400)
    expect((await jsonOf(answer)).error).toMatchObject({ param, code: 'invalid_value' })
  }
  expect(await fixture.leftovers()).toEqual([])
})

test('other parameters are accepted unchanged', async () => {
  const fixture = await createFixture()
  const body = { model: 'gpt-image-2', prompt: 'a fox', size: '64x64', seed: 7, 'x.Trace': 'a' }
  expect((await fixture.post('/v1/images/generations', body)).status).toBe(200)
})
