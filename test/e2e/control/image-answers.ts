import type { ShownChannel } from '@sluice/contracts/control/admin'
import type { FaultInput } from '@sluice/simulators/openai/fault'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import sharp from 'sharp'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'
import { queryDatabase, quietBalance } from '../harness/ledger.ts'
import type { Caller } from '../harness/new-caller.ts'
import { newCaller } from '../harness/new-caller.ts'

const IMAGE = 'answers-image'
const HD = 'answers-hd'
const CHAT = 'answers-chat'
const GRANTED_MICRO = 1_000_000_000n
const models = [
  { model: IMAGE, upstream_model: 'gpt-image-1.5', kinds: ['image'] },
  { model: HD, upstream_model: 'dall-e-3', kinds: ['image'] },
  { model: CHAT, upstream_model: 'gpt-4o-mini', kinds: ['chat'] },
]
const picture = { model: IMAGE, prompt: 'a kettle', size: '1024x1024', quality: 'low' }

/** What these scenarios work with: an upstream and a wallet that nobody else uses. */
interface Scene extends Context {
  upstream: OpenAiSimulator
  caller: Caller
  /** Its credentials, as the scheduler knows them. */
  credentials: () => Promise<ShownChannel['credentials']>
}

/** A channel of its own before an upstream of its own, and a caller with a wallet of their own. */
async function openScene(
  context: Context,
  { name, keys }: { name: string; keys: string[] },
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  const upstream = await startOpenAiSimulator({ keys })
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const body = {
    name,
    dialect: 'openai',
    base_url: `${upstream.url}/v1`,
    models: models.map((model) => ({ ...model, model: `${name}-${model.model}` })),
    secrets: keys,
  }
  const { id } = await must<ShownChannel>(context, 'createChannel', {
    as: asAdmin,
    input: { body },
  })
  try {
    const caller = await newCaller(context, { credits: '1000' })
    const input = { params: { id } }
    const credentials = async () =>
      (await must<ShownChannel>(context, 'getChannel', { as: asAdmin, input })).credentials
    const scene = { ...context, upstream, caller, credentials }
    // A picture, since its outcome is known at once: of chat an edge reports within a second.
    const first = { ...picture, model: `${name}-${IMAGE}` }
    await eventually(async () => ((await statusOf(scene, first)) === 200 ? true : undefined))
    await run(scene)
    const off = { ...input, body: { enabled: false } }
    await must(context, 'editChannel', { as: asAdmin, input: off })
  } finally {
    await upstream.close()
  }
}

async function post(scene: Scene, route: string, body: object) {
  const headers = { authorization: `Bearer ${scene.caller.apiKey}` }
  const answer = await call(scene, route, { body, headers })
  return { status: answer.status, text: await answer.text() }
}

const chat = (scene: Scene, name: string) =>
  post(scene, '/v1/chat/completions', {
    model: `${name}-${CHAT}`,
    messages: [{ role: 'user', content: 'hello' }],
  })

/** One picture by each way of asking: generated whole and streamed, edited, in chat. */
async function everyWay(scene: Scene, name: string) {
  const sent = { ...picture, model: `${name}-${IMAGE}` }
  const png = await sharp({
    create: { width: 64, height: 64, channels: 3, background: '#335577' },
  })
    .png()
    .toBuffer()
  const image = `data:image/png;base64,${png.toString('base64')}`
  const messages = [{ role: 'user', content: sent.prompt }]
  return [
    await post(scene, '/v1/images/generations', sent),
    await post(scene, '/v1/images/generations', { ...sent, stream: true }),
    await post(scene, '/v1/images/edits', { ...sent, image }),
    await post(scene, '/v1/chat/completions', { model: sent.model, messages }),
  ]
}

const errorIn = (text: string): Record<string, unknown> => {
  const json = /\{.*"error".*\}/.exec(text)?.[0] ?? '{}'
  return JSON.parse(json).error
}

/** What the wallet of this scenario has been charged, by the ledger. */
async function chargedOf(scene: Scene): Promise<bigint> {
  const rows = await queryDatabase<{ total: string }>(
    scene,
    `select coalesce(sum(amount_micro), 0)::text as total from usage_records where wallet = $1`,
    [scene.caller.wallet],
  )
  return BigInt(rows[0]?.total ?? 0)
}

/** Credits of the wallet, whether available or held. */
async function postedOf(scene: Scene): Promise<bigint> {
  const rows = await queryDatabase<{ total: string }>(
    scene,
    `select coalesce(sum(balance_micro), 0)::text as total from ledger_accounts
      where owner = $1 and kind in ('available', 'held')`,
    [scene.caller.wallet],
  )
  return BigInt(rows[0]?.total ?? 0)
}

/**
 * What an upstream says about a picture is the caller's where it is about their request: with its `param` and
 * `code`, by one call, for nothing, on images and in chat.
 */
export async function imageAnswersJudged(context: Context): Promise<void> {
  const name = 'judged'
  await openScene(context, { name, keys: ['judged-a', 'judged-b'] }, async (scene) => {
    const { upstream, caller } = scene
    const refused = async (behaviour: FaultInput['behaviour'], expected: object) => {
      upstream.script({ times: null, behaviour }, { reset: true })
      const sent = upstream.log().length
      const answers = [...(await everyWay(scene, name)), await chat(scene, name)]
      const errors = answers.map(({ text }) => errorIn(text))
      expect(errors).toMatchObject(answers.map(() => expected))
      // A stream that has begun says it in its last event.
      expect(answers.every(({ status }) => status === 400 || status === 200)).toBe(true)
      expect(upstream.log()).toHaveLength(sent + answers.length)
    }
    const invalid = { message: 'Invalid size', param: 'size', code: 'invalid_value' }
    const body = { error: { ...invalid, type: 'invalid_request_error' } }
    await refused({ kind: 'status', status: 400, body }, invalid)
    const blocked = { error: { code: 'moderation_blocked', message: 'no' } }
    await refused(
      { kind: 'status', status: 200, body: blocked },
      { code: 'content_policy_violation', type: 'invalid_request_error' },
    )

    upstream.script([], { reset: true })
    const hd = { ...picture, model: `${name}-${HD}`, quality: 'hd' }
    expect(await statusOf(scene, hd)).toBe(200)
    expect(upstream.log().at(-1)).toMatchObject({ model: 'dall-e-3', fields: { quality: 'hd' } })
    expect(await statusOf(scene, { ...hd, quality: 'low' })).toBe(200)
    expect(upstream.log().at(-1)).toMatchObject({ fields: { quality: 'standard' } })

    // This answer's record comes after all records that a refused call could have left.
    expect((await chat(scene, name)).status).toBe(200)
    const chats = upstream
      .log()
      .filter(({ route, behaviour }) => route === 'chat.completions' && !behaviour)
    const recorded = () =>
      queryDatabase(scene, 'select 1 from usage_records where wallet = $1', [caller.wallet])
    await eventually(async () => ((await recorded()).length >= chats.length ? true : undefined))
    expect(await recorded()).toHaveLength(chats.length)
    await quietBalance(scene)
    const jobs = await queryDatabase<{ captured: string }>(
      scene,
      `select captured_micro::text as captured from holds
        where wallet = $1 and purpose = 'job' and captured_micro > 0`,
      [caller.wallet],
    )
    expect(jobs).toHaveLength(3)
    const drawn = jobs.reduce((sum, { captured }) => sum + BigInt(captured), 0n)
    expect(await postedOf(scene)).toBe(GRANTED_MICRO - drawn - (await chargedOf(scene)))
  })
}

/** A scope that keys lack for pictures fails pictures, and takes nothing from chat with the same keys. */
export async function missingScopeStays(context: Context): Promise<void> {
  const name = 'scope'
  await openScene(context, { name, keys: ['scope-a', 'scope-b'] }, async (scene) => {
    const { upstream } = scene
    const body = { error: { code: 'missing_scope', message: 'Missing scopes: api.images' } }
    const behaviour = { kind: 'status' as const, status: 401, body }
    const route = 'images.generations' as const
    const sent = { ...picture, model: `${name}-${IMAGE}` }
    upstream.script({ match: { route, key: 'scope-a' }, times: null, behaviour })
    expect(await statusOf(scene, sent)).toBe(200)
    expect(await statusOf(scene, sent)).toBe(200)
    upstream.script({ match: { route }, times: null, behaviour }, { reset: true })
    expect(await statusOf(scene, sent)).toBe(502)
    const isDenied = ({ restrictions }: ShownChannel['credentials'][number]) =>
      restrictions.some(({ operation, kind }) => operation === 'image' && kind === 'denied')
    const known = await eventually(async () => {
      const credentials = await scene.credentials()
      return credentials.every(isDenied) ? credentials : undefined
    })
    expect(known.map(({ state }) => state)).toEqual(['active', 'active'])
    for (let count = 0; count < 8; count += 1) expect((await chat(scene, name)).status).toBe(200)
    const chats = upstream.log().filter(({ route }) => route === 'chat.completions')
    expect(new Set(chats.map(({ keyHash }) => keyHash)).size).toBe(2)
  })
}

/**
 * Five unusable 200 answers in a row open a key's circuit: the next picture waits for the end of its rest, and
 * is then drawn by one call.
 */
export async function unusableAnswersRest(context: Context): Promise<void> {
  const name = 'circuit'
  await openScene(context, { name, keys: ['circuit-a'] }, async (scene) => {
    const { upstream } = scene
    const headers = { 'content-type': 'text/html' }
    const page = { kind: 'raw' as const, headers, chunks: ['<html>log in</html>'] }
    upstream.script({ times: null, behaviour: page })
    const sent = { ...picture, model: `${name}-${IMAGE}` }
    const before = upstream.log().length
    for (let count = 0; count < 5; count += 1) expect(await statusOf(scene, sent)).toBe(502)
    expect(upstream.log()).toHaveLength(before + 5)
    upstream.script([], { reset: true })
    // The lease of the fifth may end after its answer, so that one more call can come before the rest.
    for (let count = 0; count < 3; count += 1) expect(await statusOf(scene, sent)).toBe(200)
    const calls = upstream.log().slice(before + 4)
    expect(calls).toHaveLength(4)
    const restsMs = calls
      .slice(1)
      .map(({ receivedAt }, at) => Date.parse(receivedAt) - Date.parse(calls[at]?.endedAt ?? ''))
    // The first rest of a circuit is 5 s; clocks of two processes are not exactly alike.
    expect(restsMs.filter((restMs) => restMs > 4_900)).toHaveLength(1)
  })
}

const statusOf = async (scene: Scene, body: object) =>
  (await post(scene, '/v1/images/generations', body)).status
