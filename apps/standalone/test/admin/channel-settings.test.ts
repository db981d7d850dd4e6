import { afterEach, expect, it } from 'vitest'

import { channelActions, idOf } from './channels-suite.ts'
import type { Installation } from './installation.ts'
import { openInstallation } from './installation.ts'
import { memoryStores } from './memory-stores.ts'
import { messageOf, refusalOf } from './signed-in-users.ts'

const CHANNELS = '/api/admin/channels'

let opened: Installation | undefined
async function open() {
  opened = await openInstallation(await memoryStores())
  return { ...opened, ...channelActions(opened) }
}
afterEach(async () => {
  await opened?.close()
  opened = undefined
})

it('settings of a channel are shown and changed singly, and an unknown one is refused with the known names', async () => {
  const { create, admin } = await open()
  const settings = { usageInStreams: 'estimate', allowPrivate: ['10.0.0.7:8080'] }
  const made = await create({ settings })
  expect(made.body).toMatchObject({ settings })
  const path = `${CHANNELS}/${idOf(made)}`
  const change = { streamImages: false, allowPrivate: null }
  const edited = await admin('PATCH', path, { body: { settings: change } })
  const expected = { usageInStreams: 'estimate', streamImages: false }
  expect(edited.body['settings']).toEqual(expected)
  expect((await admin('GET', path)).body['settings']).toEqual(expected)
  const wrong = await admin('PATCH', path, { body: { settings: { colour: 'red' } } })
  const param = 'settings.colour'
  expect(refusalOf(wrong)).toEqual({ status: 400, code: 'invalid_value', param })
  expect(messageOf(wrong)).toContain('usageInStreams')
  expect((await admin('GET', path)).body['settings']).toEqual(expected)
})

it.each([
  [{ latencyMs: 5 }, 'settings.latencyMs'],
  [{ usageInStreams: 'never' }, 'settings.usageInStreams'],
  [{ organization: 'a\r\nx: y' }, 'settings.organization'],
])('a new channel cannot have %j', async (settings, param) => {
  const { create } = await open()
  expect(refusalOf(await create({ settings }))).toEqual({
    status: 400,
    code: 'invalid_value',
    param,
  })
})
