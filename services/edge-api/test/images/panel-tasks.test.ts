import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { file, form, requiredParts, mask, png } from './form-parts.ts'
import { PANEL, panelOf, order } from './panel.ts'
import { createFixture } from './fixture.ts'

const page = (items: readonly { prompt: string }[]) => items.map(({ prompt }) => prompt)

test('the list has the tasks of the panel and of the API keys, paged newest first', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ runner: false, clock })
  const ada = panelOf(fixture)
  for (const prompt of ['one', 'two', 'three']) {
    await ada.generateImage({ prompt })
    await clock.advance(1_000)
  }
  await fixture.post('/v1/images/generations', { ...order, prompt: 'four', async: true })
  await clock.advance(1_000)
  await panelOf(fixture, 'at-bob').generateImage({ prompt: "bob's" })
  const first = (await ada.json(`${PANEL}?limit=3`)).body
  expect(page(first.items)).toEqual(['four', 'three', 'two'])
  expect(first.items.map(({ position }) => position)).toEqual([4, 3, 2])
  expect(first.items.map(({ api_key: key }) => key?.name)).toEqual(['batch', undefined, undefined])
  const second = (await ada.json(`${PANEL}?limit=3&cursor=${first.next_cursor}`)).body
  expect([page(second.items), second.next_cursor]).toEqual([['one'], null])
  expect(page((await panelOf(fixture, 'at-bob').json(PANEL)).body.items)).toEqual(["bob's"])
})

test('the list is filtered by state, model, prompt text and days', async () => {
  const clock = fakeClock()
  const fixture = await createFixture({ runner: false, clock })
  const ada = panelOf(fixture)
  const today = clock.now().toISOString().slice(0, 10)
  await ada.generateImage({ prompt: 'a Red fox' })
  await clock.advance(1_000)
  const { id } = await ada.generateImage({
    prompt: 'a red_fox',
    model: 'gpt-image-1.5',
    size: 'auto',
  })
  await clock.advance(86_400_000)
  await ada.generateImage({ prompt: 'a blue whale' })
  await ada.postAction(id, 'cancel')
  const found = async (query: string) => page((await ada.json(`${PANEL}?${query}`)).body.items)
  expect(await found('state=cancelled')).toEqual(['a red_fox'])
  expect(await found('state=queued')).toEqual(['a blue whale', 'a Red fox'])
  expect(await found('state=running')).toEqual([])
  expect(await found('q=RED')).toEqual(['a red_fox', 'a Red fox'])
  expect(await found('q=d_f')).toEqual(['a red_fox'])
  expect(await found('q=%25')).toEqual([])
  expect(await found('model=gpt-image-1.5&state=')).toEqual(['a red_fox'])
  expect(await found(`to=${today}`)).toEqual(['a red_fox', 'a Red fox'])
  expect(await found(`from=${today}&to=${today}&q=a+red+`)).toEqual(['a Red fox'])
  expect(await found('from=2999-01-01')).toEqual([])
})

test.each([
  ['cursor=nonsense', 'cursor'],
  [`cursor=${Buffer.from('1.img_x').toString('base64url')}`, 'cursor'],
  ['limit=101', 'limit'],
  ['state=claimed', 'state'],
  ['from=yesterday', 'from'],
  ['user_id=usr_1', 'user_id'],
])('a list with %s is refused with the parameter name', async (query, param) => {
  const fixture = await createFixture({ runner: false })
  const { status, body } = await panelOf(fixture).json(`${PANEL}?${query}`)
  expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_value', param])
})

test('the task of another user answers 404 to read, events, cancel, retry and partial pictures', async () => {
  const fixture = await createFixture({ runner: false })
  const { id } = await panelOf(fixture).generateImage()
  const bob = panelOf(fixture, 'at-bob')
  for (const [path, method] of [
    [`${PANEL}/${id}`, 'GET'],
    [`${PANEL}/${id}/events`, 'GET'],
    [`${PANEL}/${id}/cancel`, 'POST'],
    [`${PANEL}/${id}/retry`, 'POST'],
    [`${PANEL}/${id}/partials/0/0`, 'GET'],
  ] as const) {
    const { status, body } = await bob.json(path, { method })
    expect([path, status, body.error.code]).toEqual([path, 404, 'task_not_found'])
  }
  expect((await fixture.jobs.load(id))?.state).toBe('queued')
})

test('a queued task can be cancelled, and an ended one cannot', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  const cancelled = await ada.postAction(id, 'cancel')
  expect([cancelled.status, cancelled.body.state]).toEqual([200, 'cancelled'])
  expect(cancelled.body).toMatchObject({
    failure: { code: 'cancelled' },
    pictures: [{ state: 'cancelled', failure: { code: 'cancelled' } }],
  })
  expect((await ada.postAction(id, 'cancel')).body.state).toBe('cancelled')
  await fixture.startRunner()
  const generated = await ada.generateImage()
  await ada.until(generated.id, 'done')
  const late = await ada.postAction(generated.id, 'cancel')
  expect([late.status, late.body.error.code]).toEqual([422, 'not_cancellable'])
  expect(late.body.error.message).toMatch(/ended/)
})

test('a failure is shown for each picture and for the task, and is not charged', async () => {
  const failure = { code: 'content_policy_violation', message: 'The upstream refused the prompt.' }
  const fixture = await createFixture({
    generateImage: async ({ index }) => (index === 0 ? failure : undefined),
  })
  const ada = panelOf(fixture)
  const { id } = await ada.generateImage()
  expect(await ada.until(id, 'failed')).toMatchObject({ failure, pictures: [{ failure }] })
  await expect.poll(async () => (await ada.read(id)).charged_micro).toBe('0')
  const both = await ada.generateImage({ n: 2 })
  expect(await ada.until(both.id, 'done')).toMatchObject({
    failure: null,
    pictures: [
      { state: 'failed', failure, url: null },
      { state: 'stored', failure: null },
    ],
  })
})

test('an unknown upstream code is shown as upstream_failed', async () => {
  const failure = { code: 'moon_phase', message: 'Not tonight.' }
  const fixture = await createFixture({ generateImage: async () => failure })
  const ada = panelOf(fixture)
  const task = await ada.until((await ada.generateImage()).id, 'failed')
  expect(task.failure).toEqual({ code: 'upstream_failed', message: 'Not tonight.' })
})

test('a retry is a new task with the same parameters and its own copy of the pictures', async () => {
  const fixture = await createFixture()
  const ada = panelOf(fixture)
  const first = await ada.form(
    form([
      ...requiredParts,
      file('image[]', png),
      file('mask', mask),
      { name: 'seed', value: '7' },
    ]),
  )
  await ada.until(first.body.id, 'done')
  const again = await ada.postAction(first.body.id, 'retry')
  expect(again.status).toBe(202)
  expect(again.body.id).not.toBe(first.body.id)
  const [before, after] = await Promise.all(
    [first.body.id, again.body.id].map((id) => fixture.jobs.load(id)),
  )
  const withoutPictures = (request = before?.request) => ({ ...request, images: [], mask: null })
  expect(withoutPictures(after?.request)).toEqual(withoutPictures(before?.request))
  expect(after?.request).toMatchObject({ kind: 'edit', images: [{ name: 'image-0.png' }] })
  const keys = [...(after?.request.images ?? []), after?.request.mask].map((one) => one?.blobKey)
  for (const key of keys) expect(key).toContain(`jobs/${again.body.id}/inputs/`)
  expect(await fixture.blobs.read(keys[0] ?? '')).toEqual(new Uint8Array(png))
  await ada.until(again.body.id, 'done')
  expect((await ada.postAction(first.body.id, 'retry')).body.id).not.toBe(again.body.id)
  expect(fixture.records.map(({ status }) => status)).toEqual([202, 202, 202])
})

test('retries with one Idempotency-Key are one task', async () => {
  const fixture = await createFixture()
  const ada = panelOf(fixture)
  const one = await ada.until((await ada.generateImage()).id, 'done')
  const other = await ada.until((await ada.generateImage()).id, 'done')
  const key = { 'idempotency-key': 'again' }
  const retries = await Promise.all([1, 2, 3].map(() => ada.postAction(one.id, 'retry', key)))
  expect(retries.map(({ status }) => status)).toEqual([202, 202, 202])
  expect(new Set(retries.map(({ body }) => body.id)).size).toBe(1)
  const ofOther = await ada.postAction(other.id, 'retry', key)
  expect(ofOther.body.id).not.toBe(retries[0]?.body.id)
  const generated = await ada.send(PANEL, order, key)
  expect(generated.status).toBe(202)
  expect([one.id, other.id, ofOther.body.id]).not.toContain(generated.body.id)
})

test('a running task, or one whose inputs were removed, cannot be retried', async () => {
  const fixture = await createFixture({ runner: false })
  const ada = panelOf(fixture)
  const { body } = await ada.form(form([...requiredParts, file('image', png)]))
  const running = await ada.postAction(body.id, 'retry')
  expect([running.status, running.body.error.code]).toEqual([400, 'invalid_value'])
  await ada.postAction(body.id, 'cancel')
  for (const key of await fixture.blobs.list('', { limit: 10 })) await fixture.blobs.remove(key)
  const before = await fixture.leftovers()
  const gone = await ada.postAction(body.id, 'retry')
  expect([gone.status, gone.body.error.code]).toEqual([400, 'invalid_image'])
  expect(gone.body.error.message).toMatch(/reference pictures .* were removed/i)
  expect(await fixture.leftovers()).toEqual(before)
})

test('an admin sees the tasks of all users, by user, with their charges', async () => {
  const fixture = await createFixture()
  const [ada, root] = [panelOf(fixture), panelOf(fixture, 'at-root')]
  const { id } = await ada.generateImage({ prompt: "ada's" })
  await ada.until(id, 'done')
  await panelOf(fixture, 'at-bob').generateImage({ prompt: "bob's", n: 2 })
  await expect.poll(async () => (await ada.read(id)).charged_micro).toBe('1000000')
  const all = (await root.json('/api/admin/images')).body.items
  expect(all.map(({ prompt, user }) => [prompt, user?.email])).toEqual([
    ["bob's", 'user2@example.com'],
    ["ada's", 'user1@example.com'],
  ])
  expect(all[1]).toMatchObject({ id, charged_micro: '1000000', held_micro: null, attempts: 1 })
  const adas = `/api/admin/images?user_id=${fixture.sessions.get('at-ada')?.userId}`
  expect(page((await root.json(adas)).body.items)).toEqual(["ada's"])
  const unknownUser = `/api/admin/images?user_id=usr_${'f'.repeat(32)}`
  expect((await root.json(unknownUser)).body).toEqual({ items: [], next_cursor: null })
  expect((await root.json(`/api/admin/images/${id}`)).body).toEqual(all[1])
  expect((await root.json(`/api/admin/images/img_${'f'.repeat(32)}`)).status).toBe(404)
  for (const path of ['/api/admin/images', `/api/admin/images/${id}`]) {
    const { status, body } = await ada.json(path)
    expect([status, body.error.code]).toEqual([403, 'permission_denied'])
  }
})

test('an admin sees the hold of a queued task of any user and can cancel it, which is audited', async () => {
  const log = recordedLog()
  const fixture = await createFixture({ runner: false, override: () => ({ log }) })
  const [ada, root] = [panelOf(fixture), panelOf(fixture, 'at-root')]
  const { id } = await ada.generateImage({ n: 2 })
  const [listed] = (await root.json('/api/admin/images')).body.items
  expect(listed).toMatchObject({ id, held_micro: '2000000', charged_micro: null, position: 1 })
  const path = `/api/admin/images/${id}/cancel`
  expect((await ada.json(path, { method: 'POST' })).status).toBe(403)
  const { status, body } = await root.json(path, { method: 'POST' })
  expect([status, body.state]).toEqual([200, 'cancelled'])
  expect((await ada.read(id)).state).toBe('cancelled')
  const by = fixture.sessions.get('at-root')?.userId
  const audited = log.lines.filter(({ facts }) => facts['act'] !== undefined)
  expect(audited.map(({ facts }) => facts)).toMatchObject([{ act: 'image.cancel', target: id, by }])
})

test('while billing is unavailable tasks are shown without amounts', async () => {
  const fixture = await createFixture({
    runner: false,
    override: ({ billing }) => ({
      billing: {
        ...billing,
        openHold: billing.openHold,
        readCharge: async () => Promise.reject(new Error('unavailable')),
        readSettlements: async () => Promise.reject(new Error('unavailable')),
      },
    }),
  })
  const { id } = await panelOf(fixture).generateImage()
  const unknown = { id, held_micro: null, charged_micro: null }
  expect(await panelOf(fixture).read(id)).toMatchObject(unknown)
  expect((await panelOf(fixture, 'at-root').json('/api/admin/images')).body.items).toMatchObject([
    unknown,
  ])
})
