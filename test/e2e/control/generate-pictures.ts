import type { ShownPicture } from '@sluice/contracts/control/images'
import sharp from 'sharp'
import { expect } from 'vitest'

import { must, send } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import { follow } from './follow-pictures.ts'
import type { TestUser } from './pictures-fixture.ts'
import {
  bytesOf,
  gatewaysOf,
  generate,
  expectPaidOnce,
  newTestUser,
  small,
} from './pictures-fixture.ts'

/**
 * A picture requested at one gateway and followed at the other: it is reported immediately, shown while it is
 * generated, stored, charged as held, and logged under the hidden API key of the panel.
 */
export async function generatedAndFollowed(context: Context): Promise<void> {
  const [gatewayA, gatewayB] = gatewaysOf(context)
  const testUser = await newTestUser(context, { name: 'whole-way' })
  const { session } = testUser
  // Slow enough that its partial pictures are shown before it is complete.
  context.simulator.script({
    match: { promptIncludes: 'the whole way' },
    behaviour: { kind: 'drip', bytes: 2_048, everyMs: 50 },
  })
  const input = { body: { model: small.model, size: small.size, quality: small.quality } }
  const { amount_micro: estimated } = await must<{ amount_micro: string }>(
    gatewayA,
    'estimateImages',
    {
      as: session,
      input,
    },
  )
  const sent = await generate(gatewayA, testUser, {
    ...small,
    prompt: 'the whole way',
    partial_images: 2,
  })
  expect(sent).toMatchObject({
    ...small,
    prompt: 'the whole way',
    kind: 'generate',
    count: 1,
    references: 0,
    ended_at: null,
    failure: null,
    api_key: null,
    held_micro: estimated,
    charged_micro: null,
  })
  expect(sent.pictures.map(({ index, url }) => ({ index, url }))).toEqual([{ index: 0, url: null }])

  const following = await follow(gatewayB, testUser, sent.id)
  const seen = await following.waitFor(({ pictures }) => partialOf(pictures) !== null)
  const path = partialOf(seen.pictures) ?? ''
  const partial = await bytesOf(gatewayA, { path, session })
  expect(partial).toMatchObject({ status: 200, type: 'image/png' })
  expect(await sharp(partial.bytes).metadata()).toMatchObject({ width: 1024, height: 1024 })
  expect((await bytesOf(gatewayB, { path })).status).toBe(401)

  expect(await following.end).toBe('done')
  const done = following.tasks.at(-1)
  if (done === undefined) throw new Error('the stream had no events')
  expect(done).toMatchObject({ state: 'done', held_micro: null, charged_micro: estimated })
  await expectPaidOnce(context, testUser, done)
  for (const gateway of [gatewayA, gatewayB]) await expectStored(gateway, done.pictures[0])
  await expectLogged(context, testUser)
}

const partialOf = (pictures: readonly ShownPicture[]) => pictures[0]?.partial_url ?? null

/** Fetches the picture and a small variant by the path that the panel shows. */
async function expectStored(gateway: Context, picture: ShownPicture | undefined): Promise<void> {
  const path = picture?.url ?? ''
  expect(picture).toMatchObject({ state: 'stored', partial_url: null, width: 1024, format: 'png' })
  const whole = await bytesOf(gateway, { path })
  expect(whole).toMatchObject({ status: 200, type: 'image/png' })
  expect(whole.bytes.byteLength).toBe(picture?.bytes)
  const variant = await bytesOf(gateway, { path: `${path}&w=320&format=webp` })
  expect(variant).toMatchObject({ status: 200, type: 'image/webp' })
  expect(await sharp(variant.bytes).metadata()).toMatchObject({ format: 'webp', width: 320 })
}

/** One line in the request log, under the hidden key, which is in no list and cannot be addressed. */
async function expectLogged(context: Context, { id, session }: TestUser): Promise<void> {
  const keys = await queryDatabase<{ id: string; kind: string }>(
    context,
    'select id, kind from api_keys where user_id = $1',
    [id],
  )
  expect(keys).toEqual([{ id: expect.any(String), kind: 'panel' }])
  const hidden = { params: { id: keys[0]?.id ?? '' } }
  const lines = await eventually(async () => {
    const rows = await queryDatabase<object>(
      context,
      'select route, model, status, error_code from request_log where api_key_id = $1',
      [hidden.params.id],
    )
    return rows.length > 0 ? rows : undefined
  })
  expect(lines).toEqual([
    { route: '/api/user/images', model: 'gpt-image-2', status: 202, error_code: null },
  ])
  const own = await must<{ items: object[] }>(context, 'listApiKeys', { as: session })
  expect(own.items).toEqual([])
  for (const operation of ['getApiKey', 'editApiKey', 'revokeApiKey'] as const) {
    const body = operation === 'editApiKey' ? { body: { name: 'mine now' } } : {}
    const refused = await send(context, operation, { as: session, input: { ...hidden, ...body } })
    expect(refused.status, operation).toBe(404)
  }
}
