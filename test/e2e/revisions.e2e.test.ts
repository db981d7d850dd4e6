import { randomUUID } from 'node:crypto'

import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, signIn } from './auth-matrix/fixture.ts'
import type { Context } from './harness/context.ts'
import { call, eventually } from './harness/context.ts'
import { queryDatabase } from './harness/ledger.ts'
import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

/**
 * Revisions are polled every half second; the rest is a margin for a busy machine. Expiry alone would take 10
 * to 30 s.
 */
const SEEN_WITHIN_MS = 4_000
const CHAT_MODEL = 'followed-chat'
const IMAGE_MODEL = 'followed-image'

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running
  let session: string

  beforeAll(async () => {
    simulator = await startOpenAiSimulator()
    const env = { ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD }
    const { url: upstreamUrl, key: upstreamKey } = simulator
    running = await wiring.start({ upstreamUrl, upstreamKey, env })
    session = await signIn({ running }, ADMIN_EMAIL)
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running?.stop()
    await simulator.close()
  })

  const gateways = (): Context[] =>
    [running.baseUrl, running.otherBaseUrl ?? running.baseUrl].map((baseUrl) => ({
      simulator,
      running: { ...running, baseUrl },
    }))
  const everyGateway = (check: (gateway: Context) => Promise<boolean>) =>
    eventually(
      async () => ((await Promise.all(gateways().map(check))).every(Boolean) ? true : undefined),
      SEEN_WITHIN_MS,
    )
  const chatAnswers = (status: number, apiKey?: string) =>
    everyGateway(async (gateway) => {
      const body = { model: CHAT_MODEL, messages: [{ role: 'user', content: 'hello' }] }
      const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
      const answer = await call(gateway, '/v1/chat/completions', { body, headers })
      await answer.arrayBuffer()
      return answer.status === status
    })
  const priceIs = (micro: string) =>
    everyGateway(async (gateway) => {
      const { images } = await must<{ images: ImageModel[] }>(gateway, 'listImageModels', {
        as: session,
      })
      const found = images.find(({ model }) => model === IMAGE_MODEL)
      return found?.price_steps[0]?.micro_per_image === micro
    })

  const switchOn = async () => {
    await running.sluice('channel', 'on', 'sandbox')
    await chatAnswers(200)
  }
  const switchOff = async () => {
    await running.sluice('channel', 'off', 'sandbox')
    await chatAnswers(404)
  }
  const revokeKey = async () => {
    const { id, api_key: apiKey } = await must<{ id: string; api_key: string }>(
      { running },
      'createApiKey',
      { as: session, input: { body: { name: 'to be revoked' } } },
    )
    await chatAnswers(200, apiKey)
    await running.sluice('key', 'revoke', id)
    await chatAnswers(401, apiKey)
  }

  test('changes of a channel, a price and a key take effect at every gateway', async () => {
    const models = [`${CHAT_MODEL}=sandbox-chat:chat`, `${IMAGE_MODEL}=sandbox-image:image`]
    await running.sluice('channel', 'models', 'sandbox', ...models)
    await chatAnswers(200)
    await revokeKey()
    const step = { quality: 'low', pixels_max: 1_048_576, micro_per_image: '4242' }
    const body = { price: { kind: 'images', steps: [step] } }
    const input = { params: { model: IMAGE_MODEL }, body }
    await must({ running }, 'addModelPrice', { as: session, input })
    await priceIs('4242')
    await switchOff()
    expect(running.output()).not.toContain('background task failed')
  })

  test('changes take effect although every event is lost', async () => {
    await queryDatabase({ running }, dropEvents)
    await switchOn()
    const price = { kind: 'images', steps: [{ ...stepOfRow, microPerImage: '777' }] }
    await queryDatabase({ running }, addPrice, [
      `price_${randomUUID()}`,
      IMAGE_MODEL,
      JSON.stringify(price),
    ])
    await priceIs('777')
    await revokeKey()
    await switchOff()
    const events = await queryDatabase(
      { running },
      `select topic from outbox where topic like '%-changed'`,
    )
    expect(events).toEqual([])
  })
})

interface ImageModel {
  model: string
  price_steps: { micro_per_image: string }[]
}

const stepOfRow = { quality: 'low', pixelsMax: 1_048_576 }
const addPrice = `
  insert into prices (id, model, kind, price, effective_at, created_at)
  values ($1, $2, 'images', $3, now(), now())`

/** A command is not connected to the bus, so its outbox row is the only source of the event. */
const dropEvents = `
  create function drop_event() returns trigger language plpgsql as 'begin return null; end';
  create trigger drop_event before insert on outbox
  for each row when (new.topic in ('catalog-changed', 'api-key-changed'))
  execute function drop_event()`
