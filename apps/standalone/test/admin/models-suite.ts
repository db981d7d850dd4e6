import { withCredits } from '@sluice/contracts/control/amounts'
import { afterEach, describe, expect, it } from 'vitest'

import { channelActions, idOf } from './channels-suite.ts'
import type { Installation, InstallationStores } from './installation.ts'
import { START_MS, openInstallation } from './installation.ts'
import { asRecord, itemsOf, messageOf, refusalOf } from './signed-in-users.ts'

const MODELS = '/api/admin/models'
const offer = (model: string, ...kinds: string[]) => ({ model, upstream_model: model, kinds })
const iso = (ms: number) => new Date(START_MS + ms).toISOString()

const tokens = (output: string) => ({
  kind: 'tokens',
  input_micro_per_million: '2000000',
  cached_input_micro_per_million: '1000000',
  output_micro_per_million: output,
})
const images = (micro: string) => ({
  kind: 'images',
  steps: [{ quality: 'low', pixels_max: 2_000_000, micro_per_image: micro }],
})

/** The operator's API of models and prices, over the given stores. */
export function modelsSuite(make: () => Promise<InstallationStores>): void {
  let opened: Installation | undefined
  const open = async () => {
    opened = await openInstallation(await make())
    const { admin } = opened
    const add = (model: string, body: object) =>
      admin('POST', `${MODELS}/${encodeURIComponent(model)}/prices`, { body })
    const rowOf = async (model: string) => {
      const rows = itemsOf(await admin('GET', MODELS))
      return asRecord(rows.find((row) => row['model'] === model))
    }
    return { ...opened, ...channelActions(opened), add, rowOf }
  }
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  describe('the list of models', () => {
    it('has one row per public name, with its channels and their usable credentials', async () => {
      const { admin, create, edit, scheduler, clock, credentialsOf } = await open()
      const both = [offer('zeta', 'chat'), offer('alpha', 'chat', 'image')]
      const first = idOf(await create({ models: both, secrets: ['a', 'b', 'c'] }))
      const sameName = { model: 'zeta', upstream_model: 'zeta-pro', kinds: ['chat'] }
      const second = idOf(await create({ name: 'spare', models: [sameName] }))
      await edit(second, { enabled: false })
      const [limited, paused] = await credentialsOf(first)
      const outcome = { kind: 'limited' as const, retryAt: new Date(clock.nowMs() + 60_000) }
      await scheduler.reportOutcomes({
        outcomes: [{ credentialId: String(limited?.['id']), outcome, at: clock.now() }],
      })
      const body = { state: 'paused' }
      await admin('PATCH', `/api/admin/credentials/${String(paused?.['id'])}`, { body })
      const rows = itemsOf(await admin('GET', MODELS))
      expect(rows.map(({ model, kinds }) => ({ model, kinds }))).toEqual([
        { model: 'alpha', kinds: ['chat', 'image'] },
        { model: 'zeta', kinds: ['chat'] },
      ])
      const counts = { usable: 1, credentials: 3 }
      expect(rows[1]?.['channels']).toEqual([
        { id: first, name: 'openai', enabled: true, upstream_model: 'zeta', ...counts },
        {
          id: second,
          name: 'spare',
          enabled: false,
          upstream_model: 'zeta-pro',
          usable: 1,
          credentials: 1,
        },
      ])
    })

    it('shows the effective price of each kind: the model’s own, else the wildcard’s', async () => {
      const { create, add, rowOf } = await open()
      await create({ models: [offer('alpha', 'chat', 'image')] })
      const wildcard = { model: '*' }
      expect((await rowOf('alpha'))['prices']).toMatchObject([wildcard, wildcard])
      await add('alpha', { price: tokens('9000000') })
      const own = { model: 'alpha', price: tokens('9000000') }
      const prices = (await rowOf('alpha'))['prices']
      expect(prices).toMatchObject([own, { ...wildcard, price: { kind: 'images' } }])
    })
  })

  describe('a price that an operator adds', () => {
    it('is effective immediately, for callers too, and is returned as stored', async () => {
      const { create, add, rowOf, user, settled, audit, root, clock } = await open()
      await create({ models: [offer('gpt-image-2', 'image')] })
      const added = await add('gpt-image-2', { price: images('777') })
      expect(added.status).toBe(201)
      const id = expect.stringMatching(/^price_[0-9a-f]{32}$/)
      const row = { model: 'gpt-image-2', effective_at: iso(0), price: images('777') }
      expect(added.body).toEqual({ id, ...row, price: withCredits(row.price) })
      expect((await rowOf('gpt-image-2'))['prices']).toEqual([added.body])
      await settled()
      await clock.advance(1)
      expect((await user('GET', '/api/user/models')).text).toContain('"777"')
      const details = { priceId: added.body['id'], kind: 'images', effectiveAt: iso(0) }
      const act = { act: 'model.add-price', by: root.id, target: 'gpt-image-2' }
      expect(audit().at(-1)).toEqual({ ...act, ...details })
    })

    it('may be given in credits, as numbers or strings', async () => {
      const { create, add } = await open()
      await create({ models: [offer('alpha', 'chat'), offer('gpt-image-2', 'image')] })
      const price = {
        kind: 'tokens',
        input_per_million: 2.5,
        cached_input_per_million: 0,
        output_per_million: '10',
      }
      expect((await add('alpha', { price })).body).toMatchObject({
        price: { input_per_million: '2.5', output_micro_per_million: '10000000' },
      })
      const step = { quality: 'low', pixels_max: 1_048_576, per_image: 0.02 }
      const added = await add('gpt-image-2', { price: { kind: 'images', steps: [step] } })
      expect(added.body).toMatchObject({ price: { steps: [{ micro_per_image: '20000' }] } })
      const { output_per_million: _, ...less } = price
      expect(refusalOf(await add('alpha', { price: less }))).toMatchObject({
        param: 'price.output_per_million',
      })
    })

    it('may take effect later; until then the previous one applies', async () => {
      const { create, add, rowOf, clock } = await open()
      await create({ models: [offer('alpha', 'chat')] })
      await add('alpha', { price: tokens('1') })
      const later = await add('alpha', { price: tokens('2'), effective_at: iso(600_000) })
      expect(later.body).toMatchObject({ effective_at: iso(600_000) })
      expect((await rowOf('alpha'))['prices']).toMatchObject([{ price: tokens('1') }])
      await clock.advance(600_000)
      expect((await rowOf('alpha'))['prices']).toEqual([later.body])
    })

    it('may be for every model, and for a name with a slash', async () => {
      const { create, add, rowOf } = await open()
      await create({ models: [offer('vendor/model:free', 'chat')] })
      expect((await add('*', { price: tokens('5') })).status).toBe(201)
      expect((await rowOf('vendor/model:free'))['prices']).toMatchObject([{ model: '*' }])
      const own = await add('vendor/model:free', { price: tokens('6') })
      expect((await rowOf('vendor/model:free'))['prices']).toEqual([own.body])
    })

    it('is refused with the name of the invalid field, and no row is added', async () => {
      const { create, add, billing, clock } = await open()
      await create({ models: [offer('alpha', 'chat')] })
      await clock.advance(60_000)
      const { rows } = await billing.readPrices({})
      const wrong: [model: string, body: object, param: string, code?: string][] = [
        ['alpha', { price: images('5') }, 'price'],
        ['alpha', { price: tokens('-5') }, 'price.output_micro_per_million'],
        ['alpha', { price: tokens('100000000001') }, 'price'],
        ['*', { price: { ...images('5'), steps: [] } }, 'price.steps'],
        ['alpha', { price: tokens('5'), effective_at: iso(59_999) }, 'effective_at'],
        ['alpha', { price: tokens('5'), effective_at: 'tomorrow' }, 'effective_at'],
        ['alpha', {}, 'price', 'missing_required_parameter'],
        ['alpha', { price: tokens('5'), id: 'price_1' }, 'id'],
      ]
      for (const [model, body, param, code = 'invalid_value'] of wrong) {
        const answer = await add(model, body)
        expect(refusalOf(answer), answer.text).toEqual({ status: 400, code, param })
      }
      const unknown = await add('omega', { price: tokens('5') })
      expect(refusalOf(unknown)).toEqual({ status: 404, code: 'model_not_found', param: 'model' })
      expect(messageOf(unknown)).toContain('channel')
      expect((await billing.readPrices({})).rows).toEqual(rows)
    })
  })
}
