import { controlOperations } from '@sluice/contracts/control/operations'
import { expect, test } from 'vitest'

import { file, form, jpeg, requiredParts, mask, png } from './form-parts.ts'
import { PANEL, panelOf, order } from './panel.ts'
import { jsonOf, createFixture } from './fixture.ts'

const ESTIMATE = '/api/user/image-estimate'
const asDataUrl = (bytes: Uint8Array) =>
  `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`

test('generation in the panel returns the task at once, its pictures and price later', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { status, body, headers } = await ada.send(PANEL, { ...order, n: 2, partial_images: 1 })
  expect(status).toBe(202)
  expect(headers.get('x-request-id')).toMatch(/^req_/)
  expect(body).toMatchObject({
    state: 'queued',
    kind: 'generate',
    count: 2,
    position: 1,
    references: 0,
    held_micro: '2000000',
    charged_micro: null,
    api_key: null,
    pictures: [
      { index: 0, state: 'waiting', url: null, partial_url: null },
      { index: 1, state: 'waiting' },
    ],
  })
  expect(await ada.read(body.id)).toEqual(body)
  await fixture.startRunner()
  await ada.until(body.id, 'done')
  await expect.poll(async () => (await ada.read(body.id)).charged_micro).toBe('2000000')
  const task = await ada.read(body.id)
  expect(task).toMatchObject({
    position: null,
    held_micro: null,
    failure: null,
    pictures: [{ state: 'stored', width: 64, height: 64, format: 'png', failure: null }, {}],
  })
  expect(controlOperations.getImage.answer.safeDecode(task).success).toBe(true)
  expect(fixture.records.map(({ route, status: code, wallet }) => [route, code, wallet])).toEqual([
    [PANEL, 202, fixture.sessions.get('at-ada')?.wallet],
  ])
})

test('links are signed paths of the gateway, and stay the same for a while', async () => {
  const fixture = await createFixture()
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  const [picture] = (await ada.until(id, 'done')).pictures
  const url = new URL(picture?.url ?? '', 'http://any.example')
  expect(picture?.url).toMatch(new RegExp(`^/p/img/${id}/0\\?exp=\\d+&sig=[0-9a-f]+$`))
  const query = { exp: url.searchParams.get('exp') ?? '', sig: url.searchParams.get('sig') ?? '' }
  expect(fixture.links.check({ task: id, index: '0' }, query, new Date())).toBe('valid')
  const left = Number(query.exp) * 1_000 - Date.now()
  expect(left).toBeGreaterThan(40 * 60_000)
  expect((await ada.read(id)).pictures[0]?.url).toBe(picture?.url)
})

test('in any response mode the answer is the task, and partial pictures are generated', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  for (const mode of [{ stream: true }, { async: false }, { async: null, stream: null }]) {
    const { status, body } = await ada.send(PANEL, { ...order, ...mode, partial_images: 2 })
    expect([status, body.state]).toEqual([202, 'queued'])
    expect((await fixture.jobs.load(body.id))?.request.partialImages).toBe(2)
  }
})

test('reference images are accepted as data URLs in JSON or as files of a form', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const json = await ada.generateImage({ reference_images: [asDataUrl(png), asDataUrl(jpeg)] })
  expect(json).toMatchObject({ kind: 'edit', references: 2 })
  const files = await ada.form(
    form([
      ...requiredParts,
      file('image[]', png),
      file('image[]', jpeg, 'image/jpeg'),
      file('mask', mask),
      { name: 'n', value: '3' },
    ]),
  )
  expect([files.status, files.body.kind, files.body.references, files.body.count]).toEqual([
    202,
    'edit',
    2,
    3,
  ])
  const none = await ada.form(form(requiredParts))
  expect([none.status, none.body.kind, none.body.references]).toEqual([202, 'generate', 0])
  const onlyMask = await ada.form(form([...requiredParts, file('mask', mask)]))
  expect([onlyMask.status, onlyMask.body.error.param]).toEqual([400, 'image'])
})

test('a double click with one Idempotency-Key is one job and one hold', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const key = { 'idempotency-key': 'click-1' }
  const clicks = await Promise.all([1, 2, 3].map(() => ada.send(PANEL, order, key)))
  expect(new Set(clicks.map(({ body }) => body.id)).size).toBe(1)
  expect(clicks.map(({ status, body }) => [status, body.held_micro])).toEqual(
    Array.from({ length: 3 }, () => [202, '1000000']),
  )
  expect(fixture.ledger.holds.size).toBe(1)
  const other = await ada.send(PANEL, { ...order, prompt: 'a cat' }, key)
  expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_conflict'])
  // The same key of another user is independent.
  const bobs = await panelOf(fixture, 'at-bob').send(PANEL, order, key)
  expect(bobs.body.id).not.toBe(clicks[0]?.body.id)
})

test.each([
  [{ model: 'gpt-9' }, 404, 'model_not_found', 'model'],
  [{ model: 'gpt-4o' }, 400, 'unsupported_parameter', 'model'],
  [{ prompt: '' }, 400, 'invalid_value', 'prompt'],
  [{ size: '65x65' }, 400, 'invalid_value', 'size'],
  [{ n: 11 }, 400, 'invalid_value', 'n'],
  [{ reference_images: ['data:image/png;base64,aaaa'] }, 400, 'invalid_image', 'reference_images'],
] as const)(
  '%j is refused, and leaves no job, hold or blob',
  async (extra, status, code, param) => {
    const fixture = await createFixture()
    const answer = await panelOf(fixture).send(PANEL, { ...order, ...extra })
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    expect(answer.body.error.param).toContain(param)
    expect(await fixture.leftovers()).toEqual([])
    expect(fixture.records).toMatchObject([{ route: PANEL, status, errorCode: code }])
  },
)

test('a user who cannot pay the worst case gets 402, and nothing is generated', async () => {
  const fixture = await createFixture({ balanceMicro: 1_500_000n })
  const { status, body } = await panelOf(fixture).send(PANEL, { ...order, n: 2 })
  expect([status, body.error.code]).toEqual([402, 'insufficient_credit'])
  expect(await fixture.leftovers()).toEqual([])
})

test('the panel routes accept no API key, and the API routes no session', async () => {
  const fixture = await createFixture()
  const key = await fixture.call(PANEL)
  expect([key.status, (await jsonOf(key)).error.code]).toEqual([401, 'invalid_session'])
  const session = await fixture.call('/v1/images/tasks/x', { key: 'at-ada' })
  expect(session.status).toBe(401)
})

test('the estimate equals the hold, and states whether it is affordable', async () => {
  const fixture = await createFixture({ runner: false, balanceMicro: 3_500_000n })
  const ada = panelOf(fixture)
  const input = { model: order.model, n: 3, size: 'auto', quality: 'auto' }
  const { status, body } = await ada.send(ESTIMATE, input)
  expect([status, body]).toEqual([200, { amount: '3', amount_micro: '3000000', affordable: true }])
  expect(await fixture.leftovers()).toEqual([])
  const task = await ada.generateImage(input)
  expect(task.held_micro).toBe(body.amount_micro)
  const after = await ada.send(ESTIMATE, { model: order.model })
  expect(after.body).toEqual({ amount: '1', amount_micro: '1000000', affordable: false })
  const wrong = await ada.send(ESTIMATE, { model: order.model, size: '1x1' })
  expect([wrong.status, wrong.body.error.param]).toEqual([400, 'size'])
  const unknown = await ada.send(ESTIMATE, { model: 'gpt-9' })
  expect([unknown.status, unknown.body.error.code]).toEqual([404, 'model_not_found'])
})

test('models are listed with capabilities and prices, and without a price not at all', async () => {
  const fixture = await createFixture()
  const { body } = await panelOf(fixture).json('/api/user/models')
  // The price book of the fixture has prices of pictures only.
  expect(body.chat).toEqual([])
  expect(body.images.map(({ model }) => model)).toEqual(['gpt-image-1.5', 'gpt-image-2'])
  expect(body.images[0]).toMatchObject({
    sizes: ['1024x1024', '1536x1024', '1024x1536'],
    any_size: false,
    qualities: ['low', 'medium', 'high'],
    formats: ['png', 'jpeg', 'webp'],
    count_max: 10,
    references_max: 16,
    partial_images_max: 3,
    price_steps: [{ quality: 'low', pixels_max: 100_000_000, micro_per_image: '1000000' }],
  })
  expect(body.images[1]).toMatchObject({ any_size: true })
  for (const size of body.images[1]?.sizes ?? []) {
    const input = { model: 'gpt-image-2', size }
    expect((await panelOf(fixture).send(ESTIMATE, input)).status).toBe(200)
  }
})
