import { afterEach, describe, expect, it } from 'vitest'

import type { Installation, InstallationStores } from './installation.ts'
import { openInstallation } from './installation.ts'
import type { Answer } from './signed-in-users.ts'
import { itemsOf, messageOf, refusalOf } from './signed-in-users.ts'

const CHANNELS = '/api/admin/channels'
const UNKNOWN = `chan_${'0'.repeat(32)}`
const ELSEWHERE = 'https://elsewhere.example/v1'

/** The operator's API of channels and credentials, over the given stores. */
export function channelsSuite(make: () => Promise<InstallationStores>): void {
  let opened: Installation | undefined
  const open = async () => {
    opened = await openInstallation(await make())
    return { ...opened, ...channelActions(opened) }
  }
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  describe('a channel that an operator adds', () => {
    it('is shown with its credentials, and its secrets are in no answer or log line', async () => {
      const { admin, create, draft, log, audit, root } = await open()
      const made = await create({ secrets: ['sk-good-0001', ' sk-good-0002 '] })
      expect(made.status).toBe(201)
      const id = String(made.body['id'])
      const { secrets: _, concurrency_max: __, ...facts } = draft()
      const unrestricted = { cooling_until: null, restrictions: [] }
      const credential = { state: 'active', reason: null, concurrency_max: 8, ...unrestricted }
      const ids = expect.stringMatching(/^cred_/)
      const credentials = [credential, credential].map((one) => ({ id: ids, ...one }))
      const defaults = { priority: 0, weight: 1, enabled: true, settings: {} }
      const expected = { ...facts, ...defaults, id, credentials }
      expect(made.body).toEqual(expected)
      const shown = await admin('GET', `${CHANNELS}/${id}`)
      expect(shown.body).toEqual(expected)
      const list = await admin('GET', CHANNELS)
      expect(itemsOf(list)).toEqual([expected])
      const exposed = JSON.stringify([made.text, shown.text, list.text, log.lines])
      for (const secret of ['sk-good', '"box"', 'keyId', 'fingerprint'])
        expect(exposed).not.toContain(secret)
      const act = { act: 'channel.create', by: root.id, target: id }
      const details = { name: 'openai', dialect: 'openai', enabled: true, credentials: 2 }
      expect(audit()).toEqual([{ ...act, ...details }])
    })

    it('offers its models to callers immediately', async () => {
      const { create, user, settled } = await open()
      await create()
      await settled()
      const answer = await user('GET', '/api/user/models')
      expect(answer.text).toContain('gpt-image-2')
    })

    it('cannot take the name of another, which stays unchanged', async () => {
      const { create, admin } = await open()
      await create()
      const before = await admin('GET', CHANNELS)
      const again = await create({ base_url: ELSEWHERE })
      expect(refusalOf(again)).toEqual({ status: 422, code: 'name_taken', param: 'name' })
      expect(messageOf(again)).toContain('openai')
      const both = await Promise.all([1, 2].map(() => create({ name: 'second' })))
      expect(both.map(({ status }) => status).toSorted()).toEqual([201, 422])
      expect(itemsOf(await admin('GET', CHANNELS))[0]).toEqual(itemsOf(before)[0])
    })

    it('is refused with the name of the invalid field, and is not stored', async () => {
      const { create, admin } = await open()
      const model = { model: 'm', upstream_model: 'm', kinds: ['chat'] }
      const wrong: [facts: object, param: string][] = [
        [{ base_url: 'api.openai.com/v1' }, 'base_url'],
        [{ base_url: '' }, 'base_url'],
        [{ base_url: 'http://api.openai.com/v1' }, 'base_url'],
        [{ base_url: 'https://me:pw@api.openai.com/v1' }, 'base_url'],
        [{ base_url: 'http://169.254.169.254/v1' }, 'base_url'],
        [{ dialect: 'sandbox', base_url: ELSEWHERE }, 'base_url'],
        [{ dialect: 'gemini' }, 'dialect'],
        [{ models: [] }, 'models'],
        [{ models: [model, model] }, 'models'],
        [{ models: [{ ...model, price: 5 }] }, 'models.0.price'],
        [{ secrets: [] }, 'secrets'],
        [{ secrets: ['  '] }, 'secrets.0'],
        [{ secrets: Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(9_000, 'x')) }, 'secrets'],
        [{ weight: 0 }, 'weight'],
        [{ settings: 'none' }, 'settings'],
      ]
      for (const [facts, param] of wrong) {
        const answer = await create(facts)
        const refused = { status: 400, code: 'invalid_value', param }
        expect(refusalOf(answer), answer.text).toEqual(refused)
        expect(messageOf(answer)).toMatch(/'/)
      }
      expect(itemsOf(await admin('GET', CHANNELS))).toEqual([])
    })

    it('restricts the sandbox to its own model names once it is enabled', async () => {
      const { create, shown, audit } = await open()
      const model = (name: string) => ({ model: name, upstream_model: name, kinds: ['image'] })
      const models = ['sandbox-image', 'gpt-image-2'].map(model)
      const sandbox = { name: 'sandbox', dialect: 'sandbox', base_url: '', models }
      const id = await create({ ...sandbox, secrets: ['sandbox'] }).then(idOf)
      const off = await create({ enabled: false }).then(idOf)
      expect((await shown(id))['models']).toHaveLength(2)
      const { edit } = channelActions(opened)
      expect((await edit(off, { enabled: true })).status).toBe(200)
      expect((await shown(id))['models']).toEqual([model('sandbox-image')])
      expect(audit().at(-1)).toMatchObject({ act: 'channel.confine-sandbox', target: id })
    })
  })

  describe('a change of a channel', () => {
    it('changes only the fields that it names', async () => {
      const { create, edit, shown, audit, root } = await open()
      const made = await create({ priority: 4, weight: 7 })
      const id = idOf(made)
      const off = await edit(id, { enabled: false })
      expect(off.body).toEqual({ ...made.body, enabled: false })
      const models = [{ model: 'b', upstream_model: 'B', kinds: ['chat'], output_tokens_max: 9 }]
      await edit(id, { models, priority: -1 })
      expect(await shown(id)).toEqual({ ...made.body, enabled: false, models, priority: -1 })
      const details = { act: 'channel.edit', by: root.id, target: id, enabled: false }
      const rest = { origin: 'https://upstream.example', retiredCredentials: 0 }
      expect(audit().slice(-2)).toEqual([
        { ...details, changed: ['enabled'], ...rest },
        { ...details, changed: ['priority', 'models'], ...rest },
      ])
    })

    it('is not lost to a concurrent change', async () => {
      const { create, edit, shown } = await open()
      const id = idOf(await create())
      const changes = [{ priority: 9 }, { weight: 3 }, { enabled: false }]
      await Promise.all(changes.map((change) => edit(id, change)))
      expect(await shown(id)).toMatchObject({ priority: 9, weight: 3, enabled: false })
    })

    it('does not send secrets to a host that they were not entered for', async () => {
      const { create, edit, shown, credentialsOf, admin } = await open()
      const id = idOf(await create())
      const needed = { status: 400, code: 'missing_required_parameter', param: 'secrets' }
      expect(refusalOf(await edit(id, { base_url: ELSEWHERE }))).toEqual(needed)
      const [credential] = await credentialsOf(id)
      await admin('PATCH', `/api/admin/credentials/${String(credential?.['id'])}`, {
        body: { state: 'paused' },
      })
      const paused = await edit(id, { base_url: ELSEWHERE, enabled: false })
      expect(refusalOf(paused)).toEqual(needed)
      expect(await shown(id)).toMatchObject({
        base_url: 'https://upstream.example/v1',
        enabled: true,
      })
      const same = await edit(id, { base_url: 'https://upstream.example/v2' })
      expect(same.body).toMatchObject({ base_url: 'https://upstream.example/v2' })
    })

    it('moves a channel with new secrets, and retires those of the old host', async () => {
      const { create, edit, credentialsOf, audit, log } = await open()
      const id = idOf(await create())
      const [old] = await credentialsOf(id)
      const body = { base_url: ELSEWHERE, secrets: ['sk-for-elsewhere'], concurrency_max: 3 }
      const moved = await edit(id, body)
      expect(moved.body).toMatchObject({
        base_url: ELSEWHERE,
        credentials: [{ concurrency_max: 3 }],
      })
      expect(moved.text).not.toContain(String(old?.['id']))
      expect(audit().at(-1)).toMatchObject({
        changed: ['base_url', 'secrets'],
        origin: 'https://elsewhere.example',
        retiredCredentials: 1,
      })
      expect(JSON.stringify(log.lines)).not.toContain('sk-for-elsewhere')
    })

    it('is refused for immutable fields, invalid values and unknown channels', async () => {
      const { create, edit } = await open()
      const id = idOf(await create())
      const wrong: [change: object, param: string][] = [
        [{ name: 'other' }, 'name'],
        [{ dialect: 'sandbox' }, 'dialect'],
        [{ base_url: 'http://169.254.169.254/' }, 'base_url'],
        [{ base_url: '' }, 'base_url'],
        [{ enabled: 'yes' }, 'enabled'],
      ]
      for (const [change, param] of wrong) {
        const refused = { status: 400, code: 'invalid_value', param }
        expect(refusalOf(await edit(id, change)), param).toEqual(refused)
      }
      for (const change of [{ enabled: false }, { base_url: ELSEWHERE }])
        expect(refusalOf(await edit(UNKNOWN, change))).toMatchObject({ code: 'not_found' })
    })
  })

  describe('credentials', () => {
    it('are added to a pool once', async () => {
      const { create, admin, credentialsOf, audit } = await open()
      const id = idOf(await create())
      const body = { secrets: ['sk-good-0001', 'sk-good-0002', 'sk-good-0002'] }
      const added = await admin('POST', `${CHANNELS}/${id}/credentials`, { body })
      expect(added.status).toBe(201)
      expect(added.body).toEqual({ added: 1, known: 2 })
      const limits = (await credentialsOf(id)).map((one) => one['concurrency_max'])
      expect(limits.toSorted()).toEqual([64, 8])
      expect(audit().at(-1)).toMatchObject({
        act: 'channel.add-credentials',
        added: 1,
        known: 2,
      })
      const nowhere = await admin('POST', `${CHANNELS}/${UNKNOWN}/credentials`, { body })
      expect(refusalOf(nowhere)).toMatchObject({ status: 404, code: 'not_found' })
    })

    it('are paused, resumed, and permanently retired', async () => {
      const { create, admin, credentialsOf, audit } = await open()
      const id = idOf(await create())
      const [credential] = await credentialsOf(id)
      const path = `/api/admin/credentials/${String(credential?.['id'])}`
      const set = async (state: string) => (await admin('PATCH', path, { body: { state } })).body
      expect(await set('paused')).toEqual({ changed: true })
      expect(await set('paused')).toEqual({ changed: false })
      expect(await credentialsOf(id)).toMatchObject([{ state: 'paused' }])
      expect(await set('active')).toEqual({ changed: true })
      expect(await set('retired')).toEqual({ changed: true })
      expect(await credentialsOf(id)).toEqual([])
      expect(await set('active')).toEqual({ changed: false })
      expect(await credentialsOf(id)).toEqual([])
      expect(audit().map(({ state }) => state)).toEqual([undefined, 'paused', 'active', 'retired'])
    })

    it('cannot be set to a state that only the scheduler sets, and unknown ones answer 404', async () => {
      const { admin } = await open()
      const path = `/api/admin/credentials/cred_${'0'.repeat(32)}`
      const unknown = await admin('PATCH', path, { body: { state: 'paused' } })
      expect(refusalOf(unknown)).toMatchObject({ status: 404, code: 'not_found' })
      const wrong = await admin('PATCH', path, { body: { state: 'attention' } })
      expect(refusalOf(wrong)).toMatchObject({ code: 'invalid_value', param: 'state' })
    })
  })

  it('every operation is refused to users without the admin role', async () => {
    const { user, create } = await open()
    const id = idOf(await create())
    const attempts: [string, string, unknown?][] = [
      ['GET', CHANNELS],
      ['POST', CHANNELS, {}],
      ['GET', `${CHANNELS}/${id}`],
      ['PATCH', `${CHANNELS}/${id}`, { enabled: false }],
      ['POST', `${CHANNELS}/${id}/test`],
      ['POST', `${CHANNELS}/${id}/credentials`, { secrets: ['x'] }],
      ['PATCH', `/api/admin/credentials/${id}`, { state: 'retired' }],
      ['GET', '/api/admin/models'],
      ['POST', '/api/admin/models/*/prices', {}],
    ]
    for (const [method, path, body] of attempts) {
      const refused = await user(method, path, { body })
      expect(refusalOf(refused)).toMatchObject({ status: 403, code: 'permission_denied' })
    }
  })
}

export const idOf = ({ body }: Answer) => String(body['id'])

/** The operator's channel operations on an installation. */
export function channelActions(installation: Installation | undefined) {
  if (!installation) throw new Error('open the installation first')
  const { admin } = installation
  const draft = (facts: object = {}) => ({
    name: 'openai',
    dialect: 'openai',
    base_url: 'https://upstream.example/v1',
    models: [{ model: 'gpt-image-2', upstream_model: 'gpt-image-2', kinds: ['image'] }],
    secrets: ['sk-good-0001'],
    concurrency_max: 8,
    ...facts,
  })
  const shown = async (id: string) => (await admin('GET', `${CHANNELS}/${id}`)).body
  return {
    draft,
    create: (facts: object = {}) => admin('POST', CHANNELS, { body: draft(facts) }),
    edit: (id: string, change: object) => admin('PATCH', `${CHANNELS}/${id}`, { body: change }),
    shown,
    credentialsOf: async (id: string) => {
      const { credentials } = await shown(id)
      return itemsOf({ body: { items: credentials } })
    },
    /** Lets the bus deliver its events and edge-api process them. */
    settled: async () => {
      for (let turn = 0; turn < 20; turn += 1) {
        await installation.clock.advance(50)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}
