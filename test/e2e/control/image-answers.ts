import type { ShownChannel } from '@sluice/contracts/control/admin'
import type { FaultInput } from '@sluice/simulators/openai/fault'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import sharp from 'sharp'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'
import { queryDatabase, settledBalance } from '../harness/ledger.ts'
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

/** An upstream and a wallet that no other scenario uses. */
interface ImageFixture extends Context {
  upstream: OpenAiSimulator
  caller: Caller
  /** The channel's credentials, by the scheduler. */
  credentials: () => Promise<ShownChannel['credentials']>
}

/** Runs a scenario with its own upstream, channel and wallet. */
async function withFixture(
  context: Context,
  { name, keys }: { name: string; keys: string[] },
  run: (fixture: ImageFixture) => Promise<void>,
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
    const fixture = { ...context, upstream, caller, credentials }
    // A picture, because its outcome is reported immediately; that of chat within a second.
    const first = { ...picture, model: `${name}-${IMAGE}` }
    await eventually(async () => ((await statusOf(fixture, first)) === 200 ? true : undefined))
    await run(fixture)
    const off = { ...input, body: { enabled: false } }
    await must(context, 'editChannel', { as: asAdmin, input: off })
  } finally {
    await upstream.close()
  }
}

async function post(fixture: ImageFixture, route: string, body: object) {
  const headers = { authorization: `Bearer ${fixture.caller.apiKey}` }
  const answer = await call(fixture, route, { body, headers })
  return { status: answer.status, text: await answer.text() }
}

const chat = (fixture: ImageFixture, name: string) =>
  post(fixture, '/v1/chat/completions', {
    model: `${name}-${CHAT}`,
    messages: [{ role: 'user', content: 'hello' }],
  })

/** One request by each route: generated whole and streamed, edited, in chat. */
async function requestEachRoute(fixture: ImageFixture, name: string) {
  const sent = { ...picture, model: `${name}-${IMAGE}` }
  const png = await sharp({
    create: { width: 64, height: 64, channels: 3, background: '#335577' },
  })
    .png()
    .toBuffer()
  const image = `data:image/png;base64,${png.toString('base64')}`
  const messages = [{ role: 'user', content: sent.prompt }]
  return [
    await post(fixture, '/v1/images/generations', sent),
    await post(fixture, '/v1/images/generations', { ...sent, stream: true }),
    await post(fixture, '/v1/images/edits', { ...sent, image }),
    await post(fixture, '/v1/chat/completions', { model: sent.model, messages }),
  ]
}

const errorIn = (text: string): Record<string, unknown> => {
  const json = /\{.*"error".*\}/.exec(text)?.[0] ?? '{}'
  return JSON.parse(json).error
}

/** What the scenario's wallet was charged, by the ledger. */
async function chargedOf(fixture: ImageFixture): Promise<bigint> {
  const rows = await queryDatabase<{ total: string }>(
    fixture,
    `select coalesce(sum(amount_micro), 0)::text as total from usage_records where wallet = $1`,
    [fixture.caller.wallet],
  )
  return BigInt(rows[0]?.total ?? 0)
}

/** Credits of the wallet, available and held. */
async function postedOf(fixture: ImageFixture): Promise<bigint> {
  const rows = await queryDatabase<{ total: string }>(
    fixture,
    `select coalesce(sum(balance_micro), 0)::text as total from ledger_accounts
      where owner = $1 and kind in ('available', 'held')`,
    [fixture.caller.wallet],
  )
  return BigInt(rows[0]?.total ?? 0)
}

/**
 * An upstream's error about the caller's request is forwarded with its `param` and `code`, after one call and
 * without a charge, on images and in chat.
 */
export async function imageAnswersClassified(context: Context): Promise<void> {
  const name = 'classified'
  await withFixture(context, { name, keys: ['classified-a', 'classified-b'] }, async (fixture) => {
    const { upstream, caller } = fixture
    const refused = async (behaviour: FaultInput['behaviour'], expected: object) => {
      upstream.script({ times: null, behaviour }, { reset: true })
      const sent = upstream.log().length
      const answers = [...(await requestEachRoute(fixture, name)), await chat(fixture, name)]
      const errors = answers.map(({ text }) => errorIn(text))
      expect(errors).toMatchObject(answers.map(() => expected))
      // A started stream carries the error in its last event.
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
    expect(await statusOf(fixture, hd)).toBe(200)
    expect(upstream.log().at(-1)).toMatchObject({ model: 'dall-e-3', fields: { quality: 'hd' } })
    expect(await statusOf(fixture, { ...hd, quality: 'low' })).toBe(200)
    expect(upstream.log().at(-1)).toMatchObject({ fields: { quality: 'standard' } })

    // The record of this answer is written after all records that a refused call could have caused.
    expect((await chat(fixture, name)).status).toBe(200)
    const chats = upstream
      .log()
      .filter(({ route, behaviour }) => route === 'chat.completions' && !behaviour)
    const recorded = () =>
      queryDatabase(fixture, 'select 1 from usage_records where wallet = $1', [caller.wallet])
    await eventually(async () => ((await recorded()).length >= chats.length ? true : undefined))
    expect(await recorded()).toHaveLength(chats.length)
    await settledBalance(fixture)
    const jobs = await queryDatabase<{ captured: string }>(
      fixture,
      `select captured_micro::text as captured from holds
        where wallet = $1 and purpose = 'job' and captured_micro > 0`,
      [caller.wallet],
    )
    expect(jobs).toHaveLength(3)
    const imagesMicro = jobs.reduce((sum, { captured }) => sum + BigInt(captured), 0n)
    expect(await postedOf(fixture)).toBe(GRANTED_MICRO - imagesMicro - (await chargedOf(fixture)))
  })
}

/** Keys without the image scope fail for pictures only; chat uses them. */
export async function missingScopeKeepsChat(context: Context): Promise<void> {
  const name = 'scope'
  await withFixture(context, { name, keys: ['scope-a', 'scope-b'] }, async (fixture) => {
    const { upstream } = fixture
    const body = { error: { code: 'missing_scope', message: 'Missing scopes: api.images' } }
    const behaviour = { kind: 'status' as const, status: 401, body }
    const route = 'images.generations' as const
    const sent = { ...picture, model: `${name}-${IMAGE}` }
    upstream.script({ match: { route, key: 'scope-a' }, times: null, behaviour })
    expect(await statusOf(fixture, sent)).toBe(200)
    expect(await statusOf(fixture, sent)).toBe(200)
    upstream.script({ match: { route }, times: null, behaviour }, { reset: true })
    expect(await statusOf(fixture, sent)).toBe(502)
    const isDenied = ({ restrictions }: ShownChannel['credentials'][number]) =>
      restrictions.some(({ operation, kind }) => operation === 'image' && kind === 'denied')
    const known = await eventually(async () => {
      const credentials = await fixture.credentials()
      return credentials.every(isDenied) ? credentials : undefined
    })
    expect(known.map(({ state }) => state)).toEqual(['active', 'active'])
    for (let count = 0; count < 8; count += 1) expect((await chat(fixture, name)).status).toBe(200)
    const chats = upstream.log().filter(({ route }) => route === 'chat.completions')
    expect(new Set(chats.map(({ keyHash }) => keyHash)).size).toBe(2)
  })
}

/**
 * Five consecutive unusable 200 answers open a key's circuit: the next picture waits for the end of the
 * cooldown and is then generated by one call.
 */
export async function circuitOpens(context: Context): Promise<void> {
  const name = 'circuit'
  await withFixture(context, { name, keys: ['circuit-a'] }, async (fixture) => {
    const { upstream } = fixture
    const headers = { 'content-type': 'text/html' }
    const page = { kind: 'raw' as const, headers, chunks: ['<html>log in</html>'] }
    upstream.script({ times: null, behaviour: page })
    const sent = { ...picture, model: `${name}-${IMAGE}` }
    const before = upstream.log().length
    for (let count = 0; count < 5; count += 1) expect(await statusOf(fixture, sent)).toBe(502)
    expect(upstream.log()).toHaveLength(before + 5)
    upstream.script([], { reset: true })
    // The lease of the fifth may end after its answer, so one more call is possible before the cooldown.
    for (let count = 0; count < 3; count += 1) expect(await statusOf(fixture, sent)).toBe(200)
    const calls = upstream.log().slice(before + 4)
    expect(calls).toHaveLength(4)
    const gapsMs = calls
      .slice(1)
      .map(({ receivedAt }, at) => Date.parse(receivedAt) - Date.parse(calls[at]?.endedAt ?? ''))
    // The first cooldown of a circuit is 5 s; clocks of two processes differ slightly.
    expect(gapsMs.filter((gapMs) => gapMs > 4_900)).toHaveLength(1)
  })
}

const statusOf = async (fixture: ImageFixture, body: object) =>
  (await post(fixture, '/v1/images/generations', body)).status
